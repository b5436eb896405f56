//! Several fields at once: the order of section 13.2.2, and Range after all of them.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};

use crate::known::{Known, OTHER};
use crate::rule;
use crate::session::Session;

const NOT_MODIFIED: &[u16] = &[304];
const FAILED: &[u16] = &[412];

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    dates(session, known).await;
    let Some(tag) = &known.tag else { return };
    if session.report.found(&rule::INM) {
        return;
    }
    let cached = (IF_NONE_MATCH, tag.as_bytes());
    if !session.report.found(&rule::IM) {
        let lines = [(IF_MATCH, OTHER), cached.clone()];
        session.get(&rule::PRECEDENCE, &lines, FAILED).await;
    }
    if let (Some(tag), false) = (known.strong_tag(), session.report.found(&rule::IM_TRUE)) {
        let lines = [(IF_MATCH, tag.as_bytes()), cached.clone()];
        session.get(&rule::PRECEDENCE, &lines, NOT_MODIFIED).await;
    }
    if let (Some(modified), false) = (known.modified, session.report.found(&rule::IUS)) {
        let earlier = modified.saturating_add_seconds(-1).to_string();
        let lines = [(IF_UNMODIFIED_SINCE, earlier.as_bytes()), cached.clone()];
        session.get(&rule::PRECEDENCE, &lines, FAILED).await;
    }
    for range in [&b"bytes=0-0"[..], b"bytes=99999999-"] {
        let lines = [cached.clone(), (RANGE, range)];
        session.get(&rule::RANGE_LAST, &lines, NOT_MODIFIED).await;
    }
}

/// A true If-Unmodified-Since lets If-Modified-Since decide.
async fn dates(session: &mut Session<'_>, known: &Known) {
    let broken = [&rule::IMS, &rule::IUS];
    if let (Some(modified), false) = (
        known.modified,
        broken.iter().any(|rule| session.report.found(rule)),
    ) {
        let date = modified.to_string();
        let lines = [IF_UNMODIFIED_SINCE, IF_MODIFIED_SINCE].map(|name| (name, date.as_bytes()));
        session.get(&rule::PRECEDENCE, &lines, NOT_MODIFIED).await;
    }
}
