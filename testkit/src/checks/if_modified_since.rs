//! If-Modified-Since on a read (section 13.1.3), and the forms of a date (section 5.6.7).

use http::Method;
use http::header::IF_MODIFIED_SINCE;

use super::not_modified;
use crate::known::{Known, now, obsolete_forms};
use crate::rule;
use crate::session::Session;
use tower_conditional::HttpDate;

const SENT: &[u16] = &[200];
/// A field that is to be ignored may be refused where it is sent twice: that does no harm.
pub(super) const SENT_OR_REFUSED: &[u16] = &[200, 400];
const NOT_MODIFIED: &[u16] = &[304];

/// None of these is a date of the calendar.
pub(super) const NO_DATES: [&str; 6] = [
    "yesterday",
    "0",
    "",
    "Tue, 30 Feb 2044 00:00:00 GMT",
    "Wed, 01 Jan 2044 24:61:00 GMT",
    "Wednesday, 99-Jan-44 00:00:00 GMT",
];

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    for value in NO_DATES {
        session.get(&rule::IMS_NO_DATE, &since(value), SENT).await;
    }
    // A valid date, though an unusual one.
    session
        .get(&rule::IMS, &since("Mon, 01 Jan 0001 00:00:00 GMT"), SENT)
        .await;
    let Some(modified) = known.modified else {
        session
            .report
            .leave_out("dates: the resource has no Last-Modified");
        let tomorrow = now().saturating_add_seconds(86_400).to_string();
        session
            .get(&rule::IMS_WITHOUT_DATE, &since(&tomorrow), SENT)
            .await;
        return;
    };
    let date = modified.to_string();
    let answer = session
        .send(Method::GET, &known.target, &since(&date))
        .await;
    if !session.expect(&rule::IMS, &answer, NOT_MODIFIED) {
        return;
    }
    not_modified::check(session, known, &answer);
    order(session, modified).await;
    forms(session, modified).await;
}

async fn order(session: &mut Session<'_>, modified: HttpDate) {
    for (seconds, statuses) in [(-1, SENT), (1, NOT_MODIFIED), (86_400 * 3650, NOT_MODIFIED)] {
        let date = modified.saturating_add_seconds(seconds).to_string();
        session.get(&rule::IMS, &since(&date), statuses).await;
    }
}

async fn forms(session: &mut Session<'_>, modified: HttpDate) {
    for date in obsolete_forms(modified) {
        session
            .get(&rule::OBSOLETE_DATES, &since(&date), NOT_MODIFIED)
            .await;
    }
    if session.report.found(&rule::IMS_NO_DATE) {
        return;
    }
    let date = modified.to_string();
    let one_line = format!("{date}, {date}");
    session
        .get(&rule::IMS_TWICE, &since(&one_line), SENT_OR_REFUSED)
        .await;
    let two_lines = [since(&date), since(&date)].concat();
    session
        .get(&rule::IMS_TWICE, &two_lines, SENT_OR_REFUSED)
        .await;
}

fn since(date: &str) -> [(http::HeaderName, &[u8]); 1] {
    [(IF_MODIFIED_SINCE, date.as_bytes())]
}
