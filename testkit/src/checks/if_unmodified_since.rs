//! If-Unmodified-Since on a read (section 13.1.4).

use http::header::{IF_MATCH, IF_UNMODIFIED_SINCE};

use super::if_modified_since::{NO_DATES, SENT_OR_REFUSED};
use crate::known::{Known, OTHER, obsolete_forms};
use crate::rule;
use crate::session::Session;

const SENT: &[u16] = &[200];
const FAILED: &[u16] = &[412];

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    for value in NO_DATES {
        session.get(&rule::IUS_NO_DATE, &since(value), SENT).await;
    }
    let Some(modified) = known.modified else {
        let long_ago = "Sat, 29 Oct 1994 19:43:31 GMT";
        session
            .get(&rule::IUS_WITHOUT_DATE, &since(long_ago), SENT)
            .await;
        return;
    };
    let (date, earlier) = (modified, modified.saturating_add_seconds(-1));
    let (date, earlier) = (date.to_string(), earlier.to_string());
    if !session.get(&rule::IUS, &since(&earlier), FAILED).await {
        return;
    }
    session.get(&rule::IUS, &since(&date), SENT).await;
    for earlier in obsolete_forms(modified.saturating_add_seconds(-1)) {
        session
            .get(&rule::OBSOLETE_DATES, &since(&earlier), FAILED)
            .await;
    }
    let two_lines = [since(&earlier), since(&earlier)].concat();
    session
        .get(&rule::IUS_TWICE, &two_lines, SENT_OR_REFUSED)
        .await;
    beside_if_match(session, known, &date, &earlier).await;
}

/// If-Match decides alone.
async fn beside_if_match(session: &mut Session<'_>, known: &Known, date: &str, earlier: &str) {
    if session.report.found(&rule::IM) || session.report.found(&rule::IM_TRUE) {
        return;
    }
    if known.tag.is_some() {
        let lines = [(IF_MATCH, OTHER), (IF_UNMODIFIED_SINCE, date.as_bytes())];
        session.get(&rule::IUS_BESIDE_IM, &lines, FAILED).await;
    }
    if let Some(tag) = known.strong_tag() {
        let lines = [
            (IF_MATCH, tag.as_bytes()),
            (IF_UNMODIFIED_SINCE, earlier.as_bytes()),
        ];
        session.get(&rule::IUS_BESIDE_IM, &lines, SENT).await;
    }
}

fn since(date: &str) -> [(http::HeaderName, &[u8]); 1] {
    [(IF_UNMODIFIED_SINCE, date.as_bytes())]
}
