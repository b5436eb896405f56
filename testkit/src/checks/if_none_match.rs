//! If-None-Match on a read (section 13.1.2).

use http::Method;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH};

use super::not_modified;
use crate::exchange::Answer;
use crate::known::{COMMAS, Known, OBS_TEXT, OTHER, inside, list, other_strength, quoted};
use crate::rule::{self, Rule};
use crate::session::Session;
use crate::shown::lines;
use tower_conditional::EntityTag;

const SENT: &[u16] = &[200];
const NOT_MODIFIED: &[u16] = &[304];
/// A malformed list matches nothing. A service may refuse it: the RFC does not ask for that, and it does no harm.
const SENT_OR_REFUSED: &[u16] = &[200, 400];

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    let Some(tag) = &known.tag else {
        plainest(session, known, &rule::INM_WILDCARD, b"*").await;
        let what = "If-Match and If-None-Match with tags: the resource has no ETag";
        session.report.leave_out(what);
        return;
    };
    if plainest(session, known, &rule::INM, tag.as_bytes()).await {
        session
            .get(&rule::INM_WILDCARD, &[(IF_NONE_MATCH, b"*")], NOT_MODIFIED)
            .await;
        lists(session, tag).await;
        comparison(session, known, tag).await;
        malformed(session, tag).await;
        instead_of_the_date(session, known, tag).await;
    }
}

/// The 304 to the plainest form is checked, in place of all others.
async fn plainest(
    session: &mut Session<'_>,
    known: &Known,
    rule: &'static Rule,
    value: &[u8],
) -> bool {
    let lines = [(IF_NONE_MATCH, value)];
    let answer = session.send(Method::GET, &known.target, &lines).await;
    not_modified::check(session, known, &answer);
    session.expect(rule, &answer, NOT_MODIFIED)
}

/// Several lines are one list; a comma inside quotes separates nothing, and empty members are skipped (sections 5.3 and 5.6.1).
async fn lists(session: &mut Session<'_>, tag: &EntityTag) {
    let current = tag.as_bytes();
    let many: Vec<&[u8]> = vec![OTHER; 30];
    let contains_ours = quoted(&[b"x,", inside(tag), b",y"]);
    let one_line: [(&Rule, Vec<u8>, &[u16]); 11] = [
        (&rule::INM_LIST, list(&[OTHER, current]), NOT_MODIFIED),
        (&rule::INM_LIST, list(&[current, OTHER]), NOT_MODIFIED),
        (
            &rule::INM_LIST,
            [&list(&many), &b", "[..], current].concat(),
            NOT_MODIFIED,
        ),
        (
            &rule::LIST_WHITESPACE,
            [OTHER, b" ,\t", current].concat(),
            NOT_MODIFIED,
        ),
        (&rule::INM_LIST, OTHER.to_vec(), SENT),
        (
            &rule::EMPTY_MEMBERS,
            [b", ,", OTHER, b",, ", current, b" ,"].concat(),
            NOT_MODIFIED,
        ),
        (&rule::COMMA_IN_TAG, list(&[COMMAS, current]), NOT_MODIFIED),
        (&rule::COMMA_IN_TAG, COMMAS.to_vec(), SENT),
        (&rule::COMMA_IN_TAG, contains_ours, SENT),
        (&rule::COMMA_IN_TAG, b"\"*\"".to_vec(), SENT),
        (&rule::OBS_TEXT, list(&[OBS_TEXT, current]), NOT_MODIFIED),
    ];
    for (rule, value, statuses) in one_line {
        session
            .get(rule, &[(IF_NONE_MATCH, &value)], statuses)
            .await;
    }
    let two_lines = [(IF_NONE_MATCH, OTHER), (IF_NONE_MATCH, current)];
    session
        .get(&rule::SEVERAL_LINES, &two_lines, NOT_MODIFIED)
        .await;
}

async fn comparison(session: &mut Session<'_>, known: &Known, tag: &EntityTag) {
    let other_strength = other_strength(tag);
    let lines = [(IF_NONE_MATCH, &other_strength[..])];
    let answer = session.send(Method::GET, &known.target, &lines).await;
    if session.expect(&rule::INM_WEAK, &answer, NOT_MODIFIED) {
        not_an_echo(session, known, &answer);
    }
    let nearly = [
        quoted(&[inside(tag), b"x"]),
        quoted(&[b"x", inside(tag)]),
        quoted(&[&swap_case(inside(tag))]),
    ];
    for value in nearly {
        // A tag without letters is the same in both cases.
        if value != tag.opaque_tag() {
            session
                .get(&rule::OCTETS, &[(IF_NONE_MATCH, &value)], SENT)
                .await;
        }
    }
}

/// The tag of a 304 is the current one, not what the client has sent.
fn not_an_echo(session: &mut Session<'_>, known: &Known, answer: &Answer) {
    let Ok(reply) = &answer.reply else { return };
    if reply
        .fields
        .get(ETAG)
        .is_some_and(|sent| Some(sent) != known.fields.get(ETAG))
    {
        let expected = lines(&known.fields, &ETAG);
        let came = lines(&reply.fields, &ETAG);
        session.find(&rule::NOT_MODIFIED_TAG, answer, expected, came);
    }
}

async fn malformed(session: &mut Session<'_>, tag: &EntityTag) {
    let unfinished = [b"\"", inside(tag)].concat();
    let lower_case = [b"w/", tag.opaque_tag()].concat();
    let wildcard_and_tag = list(&[b"*", OTHER]);
    for (rule, value) in [
        (&rule::INM_MALFORMED, unfinished),
        (&rule::INM_MALFORMED, lower_case),
        (&rule::STAR_IN_LIST, wildcard_and_tag),
    ] {
        session
            .get(rule, &[(IF_NONE_MATCH, &value)], SENT_OR_REFUSED)
            .await;
    }
}

/// An If-None-Match disables If-Modified-Since, whatever its value is (section 13.1.3).
async fn instead_of_the_date(session: &mut Session<'_>, known: &Known, tag: &EntityTag) {
    let Some(modified) = known.modified else {
        session
            .get(&rule::INM_EMPTY, &[(IF_NONE_MATCH, b"")], SENT)
            .await;
        return;
    };
    let date = modified.to_string();
    let earlier = modified.saturating_add_seconds(-86_400).to_string();
    let beside = |value, date| [(IF_NONE_MATCH, value), (IF_MODIFIED_SINCE, date)];
    let other = beside(OTHER, date.as_bytes());
    let ours = beside(tag.as_bytes(), earlier.as_bytes());
    let ignores_the_date = session.get(&rule::IMS_BESIDE_INM, &other, SENT).await;
    let decides = session
        .get(&rule::INM_BESIDE_IMS, &ours, NOT_MODIFIED)
        .await;
    if ignores_the_date && decides {
        let empty = beside(b"", date.as_bytes());
        session.get(&rule::INM_EMPTY, &empty, SENT).await;
        let garbage = beside(b"garbage", date.as_bytes());
        session
            .get(&rule::INM_MALFORMED, &garbage, SENT_OR_REFUSED)
            .await;
    }
}

fn swap_case(bytes: &[u8]) -> Vec<u8> {
    let swap = |byte: &u8| match byte {
        b'a'..=b'z' => byte.to_ascii_uppercase(),
        _ => byte.to_ascii_lowercase(),
    };
    bytes.iter().map(swap).collect()
}
