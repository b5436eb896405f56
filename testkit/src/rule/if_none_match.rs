//! If-None-Match (section 13.1.2).

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[
    &INM,
    &INM_LIST,
    &INM_WILDCARD,
    &INM_CREATES,
    &INM_RACE,
    &INM_WEAK,
    &INM_EMPTY,
    &INM_MALFORMED,
    &INM_BESIDE_IMS,
];

const SECTION: &str = "RFC 9110, section 13.1.2";

pub(crate) static INM: Rule = Rule::error("if-none-match", SECTION)
    .requires("If-None-Match with the current tag gets 304 on GET and HEAD and 412 on a write; with another tag the request is performed.")
    .costs("On reads each visit transfers the whole content again; on writes what exists may be overwritten.")
    .cured_by("Where the tag is the current one, answer 304 to a read and 412 to a write: `.layer(ConditionalLayer::new(source))` of tower-conditional.");

pub(crate) static INM_LIST: Rule = Rule::deviation("if-none-match-list", SECTION)
    .requires(
        "If-None-Match is false if any member of its list is the current tag, and true if none is.",
    )
    .costs("A cache that holds several versions transfers the content again.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static INM_WILDCARD: Rule = Rule::error("if-none-match-wildcard", SECTION)
    .deviation_on_reads()
    .requires("`If-None-Match: *` is false where there is a current representation: 304 on GET, 412 on a write.")
    .costs("A client that wants to create, and to change nothing, overwrites what is there.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static INM_CREATES: Rule = Rule::error("if-none-match-creates", SECTION)
    .requires("`If-None-Match: *` is true where there is no current representation: the write is performed.")
    .costs("Nobody can create anything in the one safe way.")
    .cured_by("Look up whether the target exists; where it does not, the condition is true.");

pub(crate) static INM_RACE: Rule = Rule::error("lost-creation", SECTION)
    .requires("Of several writes with `If-None-Match: *` one creates: check and write are one step.")
    .costs("Two people who create the same thing at once are both told that it worked, and what one has sent is lost.")
    .cured_by(
        "Let the store refuse the second one (`INSERT`, `O_EXCL`, put-if-absent) and answer 412, or hold a lock from the \
         check until the write is done.",
    );

pub(crate) static INM_WEAK: Rule = Rule::deviation("if-none-match-weak-comparison", SECTION)
    .requires("If-None-Match uses weak comparison: W/\"x\" and \"x\" are equal.")
    .costs("Behind a proxy that weakens tags (nginx, Varnish, Cloudflare) each visit transfers the content again.")
    .cured_by("Leave the `W/` out on both sides before the comparison.");

pub(crate) static INM_EMPTY: Rule = Rule::deviation("if-none-match-empty", SECTION)
    .requires("An empty If-None-Match is true and disables If-Modified-Since; it is not treated as absent.")
    .costs("A cache that has lost its tag is told 304 by the date, which knows whole seconds alone.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static INM_MALFORMED: Rule = Rule::deviation("if-none-match-malformed", SECTION)
    .requires("A malformed If-None-Match matches nothing and disables If-Modified-Since.")
    .costs("A client with a bug in its tags may be shown stale content.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static INM_BESIDE_IMS: Rule = Rule::deviation(
    "if-none-match-beside-if-modified-since",
    SECTION,
)
.requires("If-None-Match with the current tag gets 304 whatever If-Modified-Since says beside it.")
.costs("A client that sends both, as browsers do, transfers content again that it has.")
.cured_by("Leave If-Modified-Since unread where there is an If-None-Match.");
