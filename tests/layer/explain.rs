//! Every cause of a refusal, as the client, the hook and the log see it; `src/guide/refusals.md` is made of this table.
//!
//! `UPDATE_DOCS=1 cargo test --test layer explain` writes the table anew.

use std::fmt;
use std::fs;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower_conditional::observe::{Evaluation, Outcome};
use tower_conditional::{
    BoxError, ConditionalLayer, Current, Epoch, Representation, SourceError, ValidatorSource,
    WritePolicy,
};
use tracing::subscriber;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::source::{self, Script};
use crate::support::{
    self, Answer, EventLog, Handler, NOW, OutOfReach, Record, T, T_MINUS_1, date,
    listen_on_all_threads,
};

const RELEASE: Epoch = Epoch::new("r2");

/// One cause of a refusal.
struct Cause {
    what: &'static str,
    request: &'static [(&'static str, &'static str)],
    current: fn() -> Current,
    status: u16,
    reason: &'static str,
    to_do: &'static str,
}

fn version_9() -> Current {
    RELEASE.version(9).into()
}

fn dated() -> Current {
    Representation::new().last_modified(date(T)).into()
}

const CAUSES: [Cause; 17] = [
    Cause {
        what: "somebody else changed the resource since the client read it",
        request: &[("if-match", "\"r2.8\"")],
        current: version_9,
        status: 412,
        reason: "stale",
        to_do: "client: refetch, merge, resend. Normal under concurrency; `versions_behind` is small",
    },
    Cause {
        what: "a tag that was hard-coded, or is kept for too long",
        request: &[("if-match", "\"r2.1\"")],
        current: version_9,
        status: 412,
        reason: "stale",
        to_do: "one `tag_hash` repeats, `versions_behind` grows: fix the client. One request alone cannot tell it from a concurrent edit",
    },
    Cause {
        what: "a proxy weakened the tag (nginx gzip, HAProxy, Varnish), or the service makes weak tags",
        request: &[("if-match", "W/\"r2.9\"")],
        current: version_9,
        status: 412,
        reason: "weak_tag",
        to_do: "no compression on the route, `ContentCodingLayer`, or `RewrittenTags::weakened`; a weak-only source can never satisfy If-Match: strong tags and `send_weak_tags` where a standard wants `W/`",
    },
    Cause {
        what: "a proxy appended a coding to the tag (Apache mod_deflate, mod_brotli)",
        request: &[("if-match", "\"r2.9-gzip\"")],
        current: version_9,
        status: 412,
        reason: "rewritten_tag",
        to_do: "`WritePolicy::accept_rewritten_tags(RewrittenTags::suffixed())`, or `DeflateAlterETag NoChange` in the proxy",
    },
    Cause {
        what: "a release changed how representations are written out",
        request: &[("if-match", "\"r1.9\"")],
        current: version_9,
        status: 412,
        reason: "other_epoch",
        to_do: "client: refetch, merge, resend: somebody may have saved as well. It passes; by accident: the golden test of the epoch should have failed",
    },
    Cause {
        what: "the resource is gone",
        request: &[("if-match", "\"r2.9\"")],
        current: Current::absent,
        status: 412,
        reason: "absent",
        to_do: "client: create it with `If-None-Match: *`, or let it be",
    },
    Cause {
        what: "somebody else created the resource first",
        request: &[("if-none-match", "*")],
        current: version_9,
        status: 412,
        reason: "exists",
        to_do: "client: fetch it, merge, and save with If-Match",
    },
    Cause {
        what: "the resource was modified after the date the client has",
        request: &[("if-unmodified-since", T_MINUS_1)],
        current: dated,
        status: 412,
        reason: "modified",
        to_do: "client: refetch, merge, resend; better with If-Match, a date misses a second change within its second",
    },
    Cause {
        what: "the source has no tag for the resource",
        request: &[("if-match", "\"r2.9\"")],
        current: dated,
        status: 412,
        reason: "no_validator",
        to_do: "give the source a tag: no If-Match can succeed without one",
    },
    Cause {
        what: "an unquoted tag, or `*` in a list",
        request: &[("if-match", "r2.9")],
        current: version_9,
        status: 400,
        reason: "malformed",
        to_do: "client: send the tag exactly as it was received, quotes included",
    },
    Cause {
        what: "no precondition where one is required",
        request: &[],
        current: version_9,
        status: 428,
        reason: "missing",
        to_do: "client: send If-Match with the tag of what the text was made from; without one fetch and merge",
    },
    Cause {
        what: "`If-Match: *` where only a tag counts",
        request: &[("if-match", "*")],
        current: version_9,
        status: 428,
        reason: "wildcard",
        to_do: "client: send the tag; or use `required()` instead of `strictly_required()`",
    },
    Cause {
        what: "only a date, and the resource has none",
        request: &[("if-unmodified-since", T)],
        current: version_9,
        status: 428,
        reason: "inapplicable",
        to_do: "client: send If-Match",
    },
    Cause {
        what: "only a date, where only one that changes with every change counts",
        request: &[("if-unmodified-since", T)],
        current: dated,
        status: 428,
        reason: "inapplicable",
        to_do: "client: send If-Match; or give the source a tag, or `strong_last_modified` if no two changes share a second; or use `required()`",
    },
    Cause {
        what: "the source could not look the state up",
        request: &[("if-match", "\"r2.9\"")],
        current: || Current::Unknown,
        status: 503,
        reason: "source",
        to_do: "client: try again. Operator: `error` in the record says what failed",
    },
    Cause {
        what: "the write lock could not be had, or too many writes wait for it (`WritePolicy::limit_waiters`)",
        request: &[("if-match", "\"r2.9\"")],
        current: version_9,
        status: 503,
        reason: "lock",
        to_do: "client: try again. Operator: `error` in the record says why",
    },
    Cause {
        what: "a read with If-Range, whose handler sends a part of another version than the one that was looked up",
        request: &[("range", "bytes=0-3"), ("if-range", "\"r2.9\"")],
        current: version_9,
        status: 503,
        reason: "source",
        to_do: "client: try again, or fetch the whole. Normal while the resource changes; if every such read gets it, the handler and the source disagree",
    },
];

impl Cause {
    fn policy(&self) -> WritePolicy {
        match self.reason {
            "missing" => WritePolicy::required(),
            "wildcard" | "inapplicable" => WritePolicy::strictly_required(),
            "lock" => WritePolicy::optional().use_lock(OutOfReach),
            _ => WritePolicy::optional(),
        }
    }

    fn is_read(&self) -> bool {
        self.request.iter().any(|(name, _)| *name == "range")
    }

    fn source(&self) -> Script {
        if self.reason == "source" && !self.is_read() {
            return source::failing("the database is on fire");
        }
        source::looked_up((self.current)())
    }

    fn layer(&self) -> ConditionalLayer<impl ValidatorSource> {
        ConditionalLayer::new(self.source().named("tests"))
            .writes(self.policy())
            .trust_handler_version()
    }

    /// A read is refused by what its handler answers, a write before its handler is called.
    fn handler(&self) -> Handler {
        if self.is_read() {
            Handler::answering(206, &[("etag", "\"r2.10\"")], "part")
        } else {
            Handler::answering(204, &[], "")
        }
    }

    fn request(&self) -> Request<Full<Bytes>> {
        support::request(if self.is_read() { "GET" } else { "PUT" }, self.request)
    }

    /// What the client gets, what the hook gets, and what the log gets.
    fn play(&self) -> (Answer, Vec<Evaluation>, Vec<String>) {
        let record = Record::default();
        let now = support::clock_at(date(NOW));
        let layer = self.layer().use_clock(now).observe(record.hook());
        let log = EventLog::default();
        let handler = self.handler();
        listen_on_all_threads();
        let listening = tracing_subscriber::registry().with(log.clone());
        let answer = subscriber::with_default(listening, || {
            support::send(&layer, handler.clone(), self.request())
        });
        let calls = usize::from(self.is_read());
        assert_eq!(handler.calls(), calls, "{}", self.what);
        // For a read there is also the record that it was let through to its handler.
        let records = record.take_all().split_off(calls);
        let events = log.take().split_off(calls);
        (answer, records, events)
    }
}

#[test]
fn the_client_the_hook_and_the_log_learn_each_cause() {
    for cause in &CAUSES {
        let (answer, records, events) = cause.play();
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, cause.status, "{}", cause.what);
        assert_eq!(problem["reason"], cause.reason, "{}", cause.what);

        let [record] = &records[..] else {
            panic!("{}: {} records", cause.what, records.len());
        };
        assert_eq!(record.outcome, Outcome::Refused, "{}", cause.what);
        let status = record.status().map(|status| status.as_u16());
        assert_eq!(status, Some(cause.status), "{}", cause.what);
        let reason = record.reason.map(|reason| reason.as_str());
        assert_eq!(reason, Some(cause.reason), "{}", cause.what);
        let field = record.field.map(|field| field.as_str());
        assert_eq!(problem["field"].as_str(), field, "{}", cause.what);

        let [event] = &events[..] else {
            panic!("{}: {} events", cause.what, events.len());
        };
        let logged = format!("reason={}", cause.reason);
        assert!(event.contains(&logged), "{}: {event}", cause.what);
        assert!(event.contains("decision=refused"), "{event}");
        let logged = format!("status={}", cause.status);
        assert!(event.contains(&logged), "{}: {event}", cause.what);
        let is_error = cause.status == 503 && !cause.is_read();
        let level = if is_error { "ERROR" } else { "INFO" };
        assert!(event.starts_with(level), "{event}");
        assert!(!event.contains("r2."), "no tag is logged: {event}");
    }
}

/// A read changes nothing: its refusal does not say that nothing was performed, but what to ask for.
#[test]
fn the_refusal_of_a_part_is_worded_for_a_read() {
    let cause = CAUSES.iter().find(|cause| cause.is_read()).unwrap();
    let problem = cause.play().0.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("fetch the whole resource without Range"));
    assert!(!detail.contains("performed"), "{detail}");
    assert_eq!(problem["error"], "precondition_unavailable");
    assert_eq!(problem["field"], "If-Range");
}

#[test]
fn the_record_says_how_far_behind_the_client_was_and_shows_one_tag_repeating() {
    let record = |cause: &Cause| cause.play().1.remove(0);
    let (edited, hard_coded) = (record(&CAUSES[0]), record(&CAUSES[1]));
    assert_eq!(edited.versions_behind, Some(1));
    assert_eq!(hard_coded.versions_behind, Some(8));
    assert_ne!(edited.tag_hash, hard_coded.tag_hash);
    assert_eq!(hard_coded.tag_hash, record(&CAUSES[1]).tag_hash);
    // Versions of two epochs are no distance apart.
    assert_eq!(record(&CAUSES[4]).versions_behind, None);
}

#[test]
fn the_error_of_a_source_is_for_the_operator_alone() {
    let cause = CAUSES
        .iter()
        .find(|cause| cause.reason == "source")
        .unwrap();
    let (answer, records, events) = cause.play();
    assert!(!String::from_utf8_lossy(&answer.body).contains("fire"));
    assert_eq!(records[0].error.as_deref(), Some("the database is on fire"));
    assert!(events[0].contains("the database is on fire"));
}

#[test]
fn a_terse_service_says_nothing_but_the_status() {
    for cause in &CAUSES {
        let layer = cause.layer().refuse_with(|refusal| refusal.to_terse());
        let answer = support::send(&layer, cause.handler(), cause.request());
        assert_eq!(answer.status, cause.status, "{}", cause.what);
        assert!(answer.body.is_empty(), "{}", cause.what);
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/refusals.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- causes -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /causes -->").unwrap();
    let table = Table(&CAUSES).to_string();
    let current = format!("{before}<!-- causes -->\n{table}<!-- /causes -->{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &current).unwrap();
    }
    assert!(
        page == current || std::env::var_os("UPDATE_DOCS").is_some(),
        "src/guide/refusals.md is not up to date: UPDATE_DOCS=1 cargo test --test layer explain"
    );
}

struct Table<'c>(&'c [Cause]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| cause | the client sees | the operator sees | what to do |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        for cause in self.0 {
            let (_, records, _) = cause.play();
            let record = &records[0];
            let field = record.field.map(|field| format!("`{field}`"));
            let field = field.unwrap_or_else(|| "no field".to_owned());
            let status = cause.status;
            let (what, reason, to_do) = (cause.what, cause.reason, cause.to_do);
            write!(f, "| {what} | {status}, `{reason}` | {field}")?;
            if let Some(behind) = record.versions_behind {
                write!(f, ", {behind} behind")?;
            }
            writeln!(f, " | {to_do} |")?;
        }
        Ok(())
    }
}

#[test]
fn errors_of_any_kind_are_sources_of_503() {
    fn fails() -> Result<Current, BoxError> {
        Err("no".into())
    }
    let source = source::scripted(|_| fails().map_err(SourceError::failed));
    let layer = ConditionalLayer::new(source);
    let handler = Handler::answering(204, &[], "");
    let request = support::request("DELETE", &[("if-match", "\"1\"")]);
    assert_eq!(support::send(&layer, handler, request).status, 503);
}
