//! If-Match on a read (section 13.1.1); what it does to writes is in [`super::writes`].

use http::header::IF_MATCH;

use crate::known::{COMMAS, Known, OBS_TEXT, OTHER, list, weak_form};
use crate::rule::{self, Rule};
use crate::session::Session;

const SENT: &[u16] = &[200];
const FAILED: &[u16] = &[412];
/// A malformed field may get 412, as the section says, or a 400 that says what is wrong with it.
const FAILED_OR_REFUSED: &[u16] = &[412, 400];

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    if known.tag.is_none() {
        session
            .get(&rule::IM_WILDCARD, &[(IF_MATCH, b"*")], SENT)
            .await;
    }
    let Some(tag) = &known.tag else { return };
    if !session.get(&rule::IM, &[(IF_MATCH, OTHER)], FAILED).await {
        return;
    }
    let weak = weak_form(tag);
    let mut rows: Vec<(&Rule, Vec<u8>, &[u16])> = vec![
        (&rule::IM_WILDCARD, b"*".to_vec(), SENT),
        (&rule::IM_WEAK, weak, FAILED),
        (&rule::IM_EMPTY, Vec::new(), FAILED_OR_REFUSED),
        (&rule::COMMA_IN_TAG, COMMAS.to_vec(), FAILED),
    ];
    let Some(tag) = known.strong_tag() else {
        each(session, rows).await;
        star_in_list(session).await;
        return;
    };
    let current = tag.as_bytes();
    if !session
        .get(&rule::IM_TRUE, &[(IF_MATCH, current)], SENT)
        .await
    {
        return;
    }
    let unfinished = current[..current.len() - 1].to_vec();
    rows.extend([
        (&rule::IM_LIST, list(&[OTHER, current]), SENT),
        (&rule::COMMA_IN_TAG, list(&[COMMAS, current]), SENT),
        (&rule::OBS_TEXT, list(&[OBS_TEXT, current]), SENT),
        (&rule::IM_MALFORMED, unfinished, FAILED_OR_REFUSED),
    ]);
    each(session, rows).await;
    star_in_list(session).await;
    let two_lines = [(IF_MATCH, OTHER), (IF_MATCH, current)];
    session.get(&rule::SEVERAL_LINES, &two_lines, SENT).await;
}

async fn each(session: &mut Session<'_>, rows: Vec<(&'static Rule, Vec<u8>, &[u16])>) {
    for (rule, value, statuses) in rows {
        session.get(rule, &[(IF_MATCH, &value)], statuses).await;
    }
}

/// One malformed list that servers take for well-formed, even where they refuse others.
async fn star_in_list(session: &mut Session<'_>) {
    if !session.report.found(&rule::IM_MALFORMED) {
        let value = list(&[b"*", OTHER]);
        let lines = [(IF_MATCH, &value[..])];
        session
            .get(&rule::STAR_IN_LIST, &lines, FAILED_OR_REFUSED)
            .await;
    }
}
