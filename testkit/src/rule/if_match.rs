//! If-Match (section 13.1.1), and what a refused write leaves behind.

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[
    &IM,
    &IM_TRUE,
    &IM_LIST,
    &IM_WILDCARD,
    &IM_ABSENT,
    &IM_WEAK,
    &IM_ONLY_WEAK,
    &IM_EMPTY,
    &IM_MALFORMED,
    &DONE_THOUGH_REFUSED,
    &RACE,
    &RACE_ACROSS,
    &ABANDONED,
    &RACE_REFUSED,
];

const SECTION: &str = "RFC 9110, section 13.1.1";

pub(crate) static IM: Rule = Rule::error("if-match", SECTION)
    .deviation_on_reads()
    .requires(
        "A request whose If-Match does not name the current tag is not performed; it gets 412.",
    )
    .costs("The last save overwrites the one before it: that update is lost, and nobody notices.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IM_TRUE: Rule = Rule::error("if-match-current-tag", SECTION)
    .requires("A request whose If-Match names the current tag is performed.")
    .costs("Saving fails although nobody else has saved, however often the client fetches the resource again.")
    .cured_by(
        "Compare with the tag that was sent: the one of the coding that the client has seen, and before a proxy has \
         changed it (`RewrittenTags` accepts the known changes).",
    );

pub(crate) static IM_LIST: Rule = Rule::deviation("if-match-list", SECTION)
    .requires("If-Match is true if any member of its list is the current tag.")
    .costs("A client that knows several versions cannot save.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IM_WILDCARD: Rule = Rule::error("if-match-wildcard", SECTION)
    .deviation_on_reads()
    .requires(
        "`If-Match: *` is true where there is a current representation, with a tag or without.",
    )
    .costs("A client that wants to change what is there, and to create nothing, cannot save.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IM_ABSENT: Rule = Rule::error("if-match-absent", SECTION)
    .requires(
        "If-Match is false where there is no current representation: a write creates nothing.",
    )
    .costs("What somebody has deleted comes back with the next save of somebody else.")
    .cured_by("Look up whether the target exists before the write, and answer 412 if it does not.");

pub(crate) static IM_WEAK: Rule = Rule::deviation("if-match-strong-comparison", SECTION)
    .requires("If-Match uses strong comparison: a weak tag is equal to none, not even to itself.")
    .costs("Where a weak tag stands for several contents, a save overwrites one that the client has not seen.")
    .cured_by(
        "Send strong tags and compare strongly. Where a standard wants weak ones (FHIR, SCIM, OData), make each stand \
         for one version (`send_weak_tags` of tower-conditional), and allow this finding.",
    );

pub(crate) static IM_ONLY_WEAK: Rule = Rule::error("if-match-only-weak-tags", SECTION)
    .requires("A resource that can be written has a strong tag: If-Match is never true with a weak one.")
    .costs("Each save that names the tag fails with 412, however often the client fetches the resource again.")
    .cured_by(
        "Send strong tags: Express `app.set('etag', 'strong')`, Apache `FileETag Digest`, a version or a hash of the \
         bytes elsewhere; and keep a compressor from weakening them.",
    );

pub(crate) static IM_EMPTY: Rule = Rule::error("if-match-empty", SECTION)
    .deviation_on_reads()
    .requires("An empty If-Match is false; it is not treated as absent.")
    .costs("A client whose variable for the tag is empty overwrites what others have saved.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IM_MALFORMED: Rule = Rule::error("if-match-malformed", SECTION)
    .deviation_on_reads()
    .requires("A malformed If-Match is false; it is not treated as absent.")
    .costs("A client that forgets the quotes believes its saves are guarded, and overwrites what others have saved.")
    .cured_by("Answer 412, or 400 with the reason, to an If-Match that cannot be read.");

pub(crate) static DONE_THOUGH_REFUSED: Rule =
    Rule::error("done-though-refused", "RFC 9110, section 13.2.1")
        .requires("Preconditions are evaluated before the method is performed: a refused write changes nothing.")
        .costs("The client is told that its save has failed, and the update of somebody else is lost all the same.")
        .cured_by("Evaluate before the first statement that writes, or roll the transaction back with the 412.");

pub(crate) static RACE: Rule = Rule::error("lost-update", SECTION)
    .requires("Of several writes with the same tag one is performed: check and write are one step.")
    .costs("Two people who save at the same time are both told that it worked, and the update of one is lost.")
    .cured_by(
        "Put the version into the write (`UPDATE … WHERE version = ?`, and 412 where no row has changed), or hold a lock \
         from the check until the write is done (`WritePolicy` of tower-conditional does). Check when the body is there.",
    );

pub(crate) static RACE_ACROSS: Rule = Rule::error("lost-update-across-paths", SECTION)
    .requires("Of several writes with the same tag one is performed, also if they name the resource by different paths.")
    .costs("Two people who save at the same time are both told that it worked, and the update of one is lost.")
    .cured_by(
        "Put the version into the write (`UPDATE … WHERE version = ?`), which is the same on every path; or lock by what \
         names the row, such as its id, not by the path: in tower-conditional the source identifies the resource \
         (`extractor_source(db, |Path(id): Path<i64>| id, load)`), and two mounts share a lock by `named(\"notes\")`.",
    );

pub(crate) static ABANDONED: Rule = Rule::error("abandoned-write", SECTION)
    .requires("A write whose client hangs up is performed before the next one is checked, or not at all.")
    .costs("Somebody saves and is told that it worked, and a write that was abandoned before overwrites it.")
    .cured_by(
        "Hold the lock until the work ends, not until the request does: move `checked.hold_lock()` of tower-conditional \
         into the `spawn_blocking` or `spawn`, and keep it there under a name (`let _guard = guard;`, because \
         `let _ = guard;` keeps nothing); or put the version into the write (`UPDATE … WHERE version = ?`).",
    );

pub(crate) static RACE_REFUSED: Rule = Rule::deviation("race-refusal", SECTION)
    .requires("Of several writes with the same tag one is performed, and the others get 412 (or 409, or 423).")
    .costs("The second writer gets an error in place of the offer to merge, or nobody can save under load.")
    .cured_by("Answer 412 where the version has changed meanwhile, also if the store reports a conflict or a timeout.");
