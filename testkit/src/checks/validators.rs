//! The validators of a 200 (section 8.8).

use http::Method;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, DATE, ETAG, HeaderMap, LAST_MODIFIED, VARY};

use crate::exchange::Answer;
use crate::known::{Known, now, single};
use crate::rule;
use crate::session::Session;
use crate::shown::{Escaped, lines};
use tower_conditional::{EntityTag, HttpDate};

/// Whether there is a validator that the other checks can use.
///
/// A tag that changes from one answer to the next is of no use.
pub(crate) async fn check(session: &mut Session<'_>, known: &Known, first: &Answer) -> bool {
    well_formed(session, known, first);
    not_in_the_future(session, known, first);
    stable(session, known).await;
    codings_apart(session, known).await;

    if known.modified.is_none() && session.fixture.expects_last_modified {
        session.find(&rule::EXPECTED, first, "Last-Modified", "none");
    }
    let has_one = known.tag.is_some() || known.modified.is_some();
    if !has_one && !session.report.found(&rule::VALIDATOR_SYNTAX) {
        session.find(&rule::VALIDATORS, first, "ETag or Last-Modified", "neither");
    }
    has_one && !session.report.found(&rule::TAG_IS_STABLE) && !session.report.found(&rule::FIXTURE)
}

fn well_formed(session: &mut Session<'_>, known: &Known, first: &Answer) {
    for (name, is_read) in [
        (ETAG, known.tag.is_some()),
        (LAST_MODIFIED, known.modified.is_some()),
    ] {
        if known.fields.contains_key(&name) && !is_read {
            let came = lines(&known.fields, &name);
            let expected = format!("one well-formed {name}, or none");
            session.find(&rule::VALIDATOR_SYNTAX, first, expected, came);
        }
    }
}

fn not_in_the_future(session: &mut Session<'_>, known: &Known, first: &Answer) {
    let date =
        single(&known.fields, &DATE).and_then(|date| HttpDate::parse(date.as_bytes(), now()));
    if let (Some(modified), Some(date)) = (known.modified, date)
        && modified > date
    {
        let expected = format!("no later than Date: {date}");
        session.find(&rule::MODIFIED_LATER, first, expected, modified.to_string());
    }
}

/// How often the resource is read to see whether its tag stays. A map of two members has one order or the other: the chance
/// that it has the first one each time is one in sixteen.
const READS: usize = 4;

/// The same bytes have the same tag, and other bytes have another strong tag.
async fn stable(session: &mut Session<'_>, known: &Known) {
    let mut bodies = vec![known.body.clone()];
    for _ in 0..READS {
        let again = session.send(Method::GET, &known.target, &[]).await;
        let Ok(reply) = &again.reply else { return };
        compare(
            session,
            known,
            &again,
            &Known::from_reply(&known.target, reply),
        );
        let found = |rule| session.report.found(rule);
        if found(&rule::TAG_IS_STABLE) || found(&rule::TAG_IS_UNIQUE) {
            return;
        }
        if bodies.contains(&reply.body) {
            continue;
        }
        bodies.push(reply.body.clone());
        if bodies.len() > READS {
            let came = another_each_time(&known.body, &reply.body);
            session.find(&rule::FIXTURE, &again, "the same 200 each time", came);
        }
    }
}

/// Content that differs at each read, and where it does.
fn another_each_time(first: &[u8], last: &[u8]) -> String {
    let differs = first
        .iter()
        .zip(last)
        .take_while(|(one, other)| one == other);
    let from = differs.count().saturating_sub(SHOWN);
    let part = |body: &[u8]| Escaped(body.get(from..).unwrap_or_default()).to_string();
    let part = |body| part(body).chars().take(3 * SHOWN).collect::<String>();
    format!(
        "other content at each of {} reads, such as `{}`, then `{}`: a time, a nonce or a counter in the content changes a \
         tag that is made of it, so that no read gets 304 and no save succeeds; leave it out, or make the tag of the version",
        READS + 1,
        part(first),
        part(last)
    )
}

/// How much of the content is shown before the first difference, in bytes.
const SHOWN: usize = 12;

/// Compares a later answer with the first one.
fn compare(session: &mut Session<'_>, known: &Known, again: &Answer, second: &Known) {
    let (Some(first_tag), Some(second_tag)) = (&known.tag, &second.tag) else {
        return;
    };
    let same_tag = first_tag.as_bytes() == second_tag.as_bytes();
    let same_bytes = known.body == second.body;
    if same_bytes && !same_tag {
        let came = format!("{}, then {}", shown(first_tag), shown(second_tag));
        session.find(&rule::TAG_IS_STABLE, again, "one tag for one content", came);
    }
    if !same_tag && is_in_another_order(&known.body, &second.body) {
        let came = format!(
            "{}, then {}, for the same bytes in another order, as a HashMap or a HashSet has them in JSON: use a BTreeMap, \
             or sort",
            shown(first_tag),
            shown(second_tag)
        );
        session.find(&rule::TAG_IS_STABLE, again, "one tag for one content", came);
    }
    if !same_bytes && same_tag && !first_tag.is_weak() && known.is_whole {
        let came = format!("{} twice, with different content", shown(first_tag));
        let expected = "another tag, or a weak one";
        session.find(&rule::TAG_IS_UNIQUE, again, expected, came);
    }
}

/// Whether two bodies differ in the order of their bytes alone.
fn is_in_another_order(first: &[u8], second: &[u8]) -> bool {
    let sorted = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.sort_unstable();
        bytes
    };
    first != second && first.len() == second.len() && sorted(first) == sorted(second)
}

/// A content coding makes another representation (section 8.8.3.3).
async fn codings_apart(session: &mut Session<'_>, known: &Known) {
    let plain = ask_for(session, known, b"identity").await;
    let coded = ask_for(session, known, b"gzip").await;
    let (Ok(plain_reply), Ok(coded_reply)) = (&plain.reply, &coded.reply) else {
        return;
    };
    let is_coded = |fields: &HeaderMap| fields.contains_key(CONTENT_ENCODING);
    if is_coded(&plain_reply.fields) || !is_coded(&coded_reply.fields) {
        return;
    }
    let (plain_reply, coded_reply) = (
        Known::from_reply(&known.target, plain_reply),
        Known::from_reply(&known.target, coded_reply),
    );
    if let (Some(plain_tag), Some(coded_tag)) = (plain_reply.strong_tag(), coded_reply.strong_tag())
        && plain_tag.strong_eq(coded_tag)
    {
        let came = format!("{} for both", shown(coded_tag));
        let expected = "another tag than without gzip, or a weak one";
        session.find(&rule::TAG_OF_CODING, &coded, expected, came);
    }
    if let Some(plain_tag) = &plain_reply.tag
        && !coded_reply.fields.contains_key(ETAG)
    {
        let came = format!("no tag with gzip, {} without", shown(plain_tag));
        session.find(&rule::CODED_TAG_IS_MISSING, &coded, "a tag", came);
    }
    if !varies_on(&coded_reply.fields, "accept-encoding") {
        let came = lines(&coded_reply.fields, &VARY);
        session.find(&rule::VARY_ON_CODING, &coded, "Vary: Accept-Encoding", came);
    }
}

async fn ask_for(session: &mut Session<'_>, known: &Known, coding: &[u8]) -> Answer {
    let lines = [(ACCEPT_ENCODING, coding)];
    session.send(Method::GET, &known.target, &lines).await
}

fn varies_on(fields: &HeaderMap, name: &str) -> bool {
    let members = fields
        .get_all(VARY)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii);
    members
        .into_iter()
        .any(|member| member == b"*" || member.eq_ignore_ascii_case(name.as_bytes()))
}

fn shown(tag: &EntityTag) -> Escaped<'_> {
    Escaped(tag.as_bytes())
}
