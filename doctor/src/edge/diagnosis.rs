//! From what was seen at both ends to findings.

use std::collections::{BTreeMap, BTreeSet};

use http::header::{AGE, HeaderMap};
use http::{Method, StatusCode};
use tower_conditional_testkit::Severity;

use super::ask::{End, Series};
use super::file_tag::made_of_file;
use super::proxy::{Behaviour, Recognised, recognise};
use super::save::{Trial, Written};
use super::tag::{Rewrite, Shown, escaped};
use crate::comparison::{Asked, Comparison, Row, Saved, Tag, in_words};
use crate::report::{Finding, Found};
use crate::server::Protocol;

/// The names of what is found by comparison, beside those of the kit.
pub const RULES: [&str; 20] = [
    "backend-tags-agree",
    "edge-content",
    "edge-head-tag",
    "edge-if-match",
    "edge-not-modified-tag",
    "edge-revalidation",
    "edge-save",
    "edge-tag-added",
    "edge-tag-of-coding",
    "edge-tag-removed",
    "edge-tag-replaced",
    "edge-tag-requoted",
    "edge-tag-stable",
    "edge-tag-strengthened",
    "edge-tag-suffixed",
    "edge-tag-weakened",
    "origin-tag",
    "origin-tag-of-coding",
    "origin-tag-weak",
    "origin-tag-weakened",
];

/// What was seen, and what came of it.
struct Diagnosis<'d> {
    origins: &'d [End],
    edge: Option<&'d End>,
    proxies: Vec<Recognised>,
    rows: Vec<Row>,
    trials: &'d [(Protocol, &'static str, Trial)],
    written: Option<&'d Written>,
    findings: Vec<Finding>,
    not_checked: Vec<String>,
}

/// Says what is wrong with the tags of the origins, and what is done to them on the way to the edge.
pub(crate) fn diagnose(
    origins: &[End],
    edge: Option<&End>,
    trials: &[(Protocol, &'static str, Trial)],
    written: Option<&Written>,
) -> Found {
    let none = HeaderMap::new();
    let own = origins.first().map_or(&none, |origin| &origin.fields);
    let mut diagnosis = Diagnosis {
        origins,
        edge,
        proxies: edge
            .map(|edge| recognise(&edge.fields, own))
            .unwrap_or_default(),
        rows: Vec::new(),
        trials,
        written,
        findings: Vec::new(),
        not_checked: Vec::new(),
    };
    diagnosis.compare();
    diagnosis.unstable();
    diagnosis.backends();
    diagnosis.untagged();
    diagnosis.weakened_with_a_coding();
    diagnosis.other_content();
    diagnosis.rewritten();
    diagnosis.shared_tags();
    diagnosis.lost_preconditions();
    diagnosis.not_modified();
    diagnosis.heads();
    diagnosis.writes();
    Found {
        findings: diagnosis.findings,
        not_checked: diagnosis.not_checked,
        comparison: Some(Comparison {
            through: edge.map(|edge| edge.name.clone()),
            proxies: diagnosis.proxies,
            rows: diagnosis.rows,
        }),
    }
}

impl<'d> Diagnosis<'d> {
    /// One row for each question: of the edge if there is one, and else of the origins.
    fn compare(&mut self) {
        let Some(asked) = self.edge.or_else(|| self.origins.first()) else {
            return;
        };
        for series in &asked.series {
            let trial = self.trial(series);
            let of_edge = self.edge.map(|_| series);
            let row = Row {
                coding: series.coding,
                method: method_name(&series.method),
                protocol: series.protocol.name(),
                origin: self
                    .origins
                    .iter()
                    .map(|origin| tags_for(origin, series.coding))
                    .collect(),
                of_other_codings: self.tags_of_other_codings(series.coding),
                edge: of_edge.map(Series::tags).unwrap_or_default(),
                coded: series.coded(),
                revalidated: trial.map(|trial| trial.revalidated.as_str().to_owned()),
                saved: self.saved(series),
            };
            self.rows.push(row);
        }
    }

    fn trial(&self, series: &Series) -> Option<&'d Trial> {
        if series.method != Method::GET {
            return None;
        }
        let of_this = |(protocol, coding, _): &&(Protocol, &'static str, Trial)| {
            *protocol == series.protocol && *coding == series.coding
        };
        self.trials.iter().find(of_this).map(|(_, _, trial)| trial)
    }

    /// By a write, if there was one: it says more than a read.
    fn saved(&self, series: &Series) -> Option<Saved> {
        let trial = self.trial(series)?;
        let written = self.written.and_then(|written| {
            let mut all = written.saved.iter();
            all.find(|(coding, _)| *coding == series.coding)
        });
        Some(written.map_or_else(|| trial.saved.clone(), |(_, saved)| saved.clone()))
    }

    /// A cache may answer with what it has stored for another coding.
    fn tags_of_other_codings(&self, coding: &str) -> Vec<Tag> {
        let gets = self.origins.iter().flat_map(|origin| &origin.series);
        let others = gets.filter(|series| series.coding != coding && series.method == Method::GET);
        let tags = others.flat_map(Series::tags).filter(Option::is_some);
        Vec::from_iter(tags.collect::<BTreeSet<_>>())
    }

    /// The tags of what was asked for without any coding.
    fn plain_tags(&self) -> BTreeSet<Tag> {
        let plain = self.origins.iter().flat_map(End::plain);
        plain.flat_map(Series::tags).collect()
    }

    fn is_steady(&self) -> bool {
        let ends = self.origins.iter().chain(self.edge);
        ends.flat_map(End::plain).all(Series::is_steady)
    }

    /// Tags that change from ask to ask while the bytes do not.
    fn unstable(&mut self) {
        let mut is_unstable_origin = false;
        for origin in self.origins {
            let Some(series) = unstable(origin) else {
                continue;
            };
            is_unstable_origin = true;
            let finding = tag_stable("tag-stable", origin, series);
            self.findings.push(finding);
        }
        let edge = self.edge.filter(|_| !is_unstable_origin);
        if let Some((edge, series)) = edge.and_then(|edge| Some((edge, unstable(edge)?))) {
            let mut finding = tag_stable("edge-tag-stable", edge, series);
            "The tags are stable at the origin: look for several machines or caches behind the edge with other versions or settings."
                .clone_into(&mut finding.cure);
            self.findings.push(finding);
        }
        if !self.is_steady() {
            let why = "the bytes differ from ask to ask, so different tags may be right: ask for a resource that stands still";
            self.not_checked.push(why.to_owned());
        }
    }

    /// Backends with equal bytes and different tags.
    fn backends(&mut self) {
        let Some((first, others)) = self.origins.split_first() else {
            return;
        };
        for other in others {
            let pairs = first.plain().zip(other.plain());
            let differing = pairs
                .into_iter()
                .find(|(one, other)| has_equal_bytes(one, other) && one.tags() != other.tags());
            let Some((one, another)) = differing else {
                continue;
            };
            let made_of = one
                .tags()
                .iter()
                .flatten()
                .find_map(|tag| made_of_file(tag));
            let made_of = made_of
                .map(|of| format!(" These look like tags made of {of}."))
                .unwrap_or_default();
            let (one, another) = (in_words(&one.tags()), in_words(&another.tags()));
            self.findings.push(Finding {
                rule: "backend-tags-agree",
                severity: Severity::Error,
                section: "RFC 9110, section 8.8.3",
                requirement: "One resource has one tag, whichever machine answers.".to_owned(),
                request: request("GET", "identity", Protocol::Http1),
                expected: "one tag for equal bytes".to_owned(),
                actual: format!("{one} at {}, and {another} at {}", first.name, other.name),
                cost: "A user whose save reaches another machine than the read gets 412 though nobody else has saved, and caches \
                       transfer the whole content each time the balancer changes its mind."
                    .to_owned(),
                cure: format!(
                    "Make the tag of what is equal on all machines: a version from the database (`EntityTag::from_version`), or the \
                     bytes (`EntityTag::of_bytes`, `BodyHash::strong()`).{made_of} For files: Apache `FileETag Digest`; nginx and \
                     others: deploy with one modification time (`rsync --times`, `touch --date`)."
                ),
            });
            return;
        }
    }

    /// Answers of the origin without a tag, or with a weak one.
    fn untagged(&mut self) {
        let tags = self.plain_tags();
        let request_plain = request("GET", "identity", Protocol::Http1);
        if tags.iter().all(Option::is_none) {
            self.findings.push(Finding {
                rule: "origin-tag",
                severity: Severity::Deviation,
                section: "RFC 9110, section 8.8.3",
                requirement: "An origin sends an ETag for what it can tell versions of (SHOULD).".to_owned(),
                request: request_plain,
                expected: "an ETag".to_owned(),
                actual: "none".to_owned(),
                cost: "Nobody can save without the risk to overwrite what somebody else has saved, and every read transfers the \
                       whole content."
                    .to_owned(),
                cure: "Send an ETag: of a version (`extract::extractor_source`), or of the bytes (`BodyHash::strong()`).".to_owned(),
            });
            return;
        }
        for origin in self.origins {
            let untagged = origin.series.iter().find(|series| {
                series.method == Method::GET
                    && series.coded().is_some()
                    && series.tags().iter().any(Option::is_none)
            });
            if let Some(series) = untagged {
                self.findings.push(Finding {
                    rule: "origin-tag-of-coding",
                    severity: Severity::Error,
                    section: "RFC 9110, section 8.8.3",
                    requirement: "A compressed representation has a tag as the plain one has.".to_owned(),
                    request: request("GET", series.coding, series.protocol),
                    expected: "an ETag".to_owned(),
                    actual: format!("none at {}, and {} without a coding", origin.name, in_words(&Vec::from_iter(tags.clone()))),
                    cost: "Every browser accepts compression, so none gets a tag: no 304, and no save that is guarded.".to_owned(),
                    cure: "The compressor of the service is inside of what makes the tag, or removes it: make the tag first and \
                           compress outside, with `ContentCodingLayer` around the compressor."
                        .to_owned(),
                });
                break;
            }
        }
        let is_weak = |tag: &Tag| tag.as_ref().is_some_and(|tag| tag.starts_with(b"W/"));
        if tags.iter().all(is_weak) {
            self.findings.push(Finding {
                rule: "origin-tag-weak",
                severity: Severity::Advice,
                section: "RFC 9110, section 13.1.1",
                requirement: "If-Match compares strongly: a weak tag never matches.".to_owned(),
                request: request_plain,
                expected: "a strong tag, if clients save with it".to_owned(),
                actual: in_words(&Vec::from_iter(tags)),
                cost: "A save with this tag gets 412 for ever; 304s work.".to_owned(),
                cure: "Make strong tags (`EntityTag::from_version`, `BodyHash::strong()`); where a standard wants weak ones (FHIR, SCIM, \
                       OData), `ConditionalLayer::send_weak_tags`."
                    .to_owned(),
            });
        }
    }

    /// An origin whose tag is strong, and weak with a content coding: what looks like the origin may be its proxy.
    fn weakened_with_a_coding(&mut self) {
        let is_weak = |tag: &Tag| tag.as_ref().is_some_and(|tag| tag.starts_with(b"W/"));
        for origin in self.origins {
            let plain: BTreeSet<Tag> = origin.plain().flat_map(Series::tags).collect();
            let mut coded = origin
                .series
                .iter()
                .filter(|series| series.coded().is_some());
            let weak = coded.find(|series| series.tags().iter().any(is_weak));
            let Some(series) =
                weak.filter(|_| plain.iter().any(|tag| tag.is_some() && !is_weak(tag)))
            else {
                continue;
            };
            self.findings.push(Finding {
                rule: "origin-tag-weakened",
                severity: Severity::Advice,
                section: "RFC 9110, section 13.1.1",
                requirement: "If-Match compares strongly: a weak tag never matches.".to_owned(),
                request: request("GET", series.coding, series.protocol),
                expected: format!("a strong tag, as without a content coding: {}", in_words(&Vec::from_iter(plain))),
                actual: format!("{} at {}", in_words(&series.tags()), origin.name),
                cost: "If this can be written: each client that accepts compression, as browsers do, gets 412 when it saves.".to_owned(),
                cure: "A compressor weakens the tag, in the service or in a proxy before it. To see which one, and the setting, compare \
                       with the service itself: `tower-conditional-doctor SERVICE --through THIS`."
                    .to_owned(),
            });
        }
    }

    /// An edge that serves other bytes than the origin.
    fn other_content(&mut self) {
        if !self.serves_other_content() {
            return;
        }
        let Some(edge) = self.edge else { return };
        let age = edge
            .fields
            .get(AGE)
            .map(|age| format!(" (age: {})", escaped(age.as_bytes())));
        self.findings.push(Finding {
            rule: "edge-content",
            severity: Severity::Deviation,
            section: "RFC 9111, section 4.2",
            requirement: "What people edit is not served from a stale copy.".to_owned(),
            request: request("GET", "identity", Protocol::Http1),
            expected: "the bytes of the origin".to_owned(),
            actual: format!("other bytes, at {}{}", edge.name, age.unwrap_or_default()),
            cost: "With the tag of a copy that is out of date, a user who did nothing wrong gets 412.".to_owned(),
            cure: "`Cache-Control: no-cache` on what people edit: the cache may store it, and asks before it serves it. Or the edge \
                   changes the content (minifies it, replaces links): switch that off for these routes."
                .to_owned(),
        });
    }

    fn serves_other_content(&self) -> bool {
        let Some(edge) = self.edge else { return false };
        let mut origin = self.origins.iter().flat_map(End::plain).peekable();
        self.is_steady()
            && origin.peek().is_some()
            && origin.all(|origin| edge.plain().all(|edge| !has_equal_bytes(origin, edge)))
    }

    /// Tags that the edge gives and the origin does not: one finding for each way.
    fn rewritten(&mut self) {
        if self.edge.is_none() {
            return;
        }
        let is_other_content = self.serves_other_content() || !self.is_steady();
        let is_rewritten = |row: &&Row| match row.rewrite() {
            Rewrite::Kept => false,
            Rewrite::Replaced => !is_other_content,
            _ => true,
        };
        let mut by_rule: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in self.gets().filter(is_rewritten) {
            by_rule
                .entry(Words::of(row.rewrite()).rule)
                .or_default()
                .push(row);
        }
        let findings: Vec<_> = by_rule.values().map(|rows| self.of_rewrite(rows)).collect();
        self.findings.extend(findings);
    }

    fn gets(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.method == "GET")
    }

    /// The rows are those of one rule.
    fn of_rewrite(&self, rows: &[&Row]) -> Finding {
        let rewrite = rows.first().map_or(Rewrite::Kept, |row| row.rewrite());
        let outcome = UseOf::these(rows, self.trials);
        let words = Words::of(rewrite);
        let mut seen: Vec<String> = Vec::new();
        for row in rows {
            let origin = row
                .origin
                .first()
                .map(|tags| in_words(tags))
                .unwrap_or_default();
            let one = format!("{origin} became {}", in_words(&row.edge));
            if !seen.contains(&one) {
                seen.push(one);
            }
        }
        let (protocol, coding) = rows
            .first()
            .map_or(("HTTP/1.1", "identity"), |row| (row.protocol, row.coding));
        Finding {
            rule: words.rule,
            severity: outcome.severity(rewrite),
            section: words.section,
            requirement: words.requirement.to_owned(),
            request: format!("GET over {protocol}\nAccept-Encoding: {coding}"),
            expected: "the tag of the origin".to_owned(),
            actual: format!(
                "{} (asked for {})\n{}",
                seen.join(", "),
                codings(rows),
                outcome.in_words()
            ),
            cost: outcome.cost(rewrite).to_owned(),
            cure: format!(
                "{}\n{}{}",
                self.settings(rewrite),
                compress(rewrite),
                words.ours
            ),
        }
    }

    /// Who does it, and the setting.
    fn settings(&self, rewrite: Rewrite<'_>) -> String {
        let doing = self
            .proxies
            .iter()
            .filter(|known| known.proxy.does(rewrite));
        let mut known: Vec<_> = doing.map(|known| known.proxy).collect();
        if known.is_empty() {
            known = self.proxies.iter().map(|known| known.proxy).collect();
        }
        if known.is_empty() {
            return self.by_behaviour(rewrite);
        }
        let settings = known
            .iter()
            .map(|proxy| format!("The edge is {}: {}.", proxy.name(), proxy.setting()));
        Vec::from_iter(settings).join("\n")
    }

    /// Who it is, by what it does: an edge may say nothing of itself.
    fn by_behaviour(&self, rewrite: Rewrite<'_>) -> String {
        let is_rewritten = |method: &str, is_plain: bool| {
            let mut rows = self
                .rows
                .iter()
                .filter(|row| row.method == method && (row.coding == "identity") == is_plain);
            rows.any(|row| row.rewrite() == rewrite)
        };
        let behaviour = Behaviour {
            rewrite,
            of_plain: is_rewritten("GET", true),
            of_heads: is_rewritten("HEAD", false),
        };
        match behaviour.silent_proxies().as_slice() {
            [] => "No proxy is known to do this: look for what sets ETag on the way.".to_owned(),
            [likely, others @ ..] => {
                let others: Vec<_> = others.iter().map(|proxy| proxy.name()).collect();
                let others = match others.is_empty() {
                    true => String::new(),
                    false => format!(" It may also be {}.", others.join(", ")),
                };
                let (name, setting) = (likely.name(), likely.setting());
                format!(
                    "The edge does not say what it is, and does what {name} does: {setting}.{others}"
                )
            }
        }
    }

    /// Compressed at the edge, under the strong tag of the plain content.
    fn shared_tags(&mut self) {
        let Some(edge) = self.edge else { return };
        let plain: Vec<_> = edge.plain().collect();
        let is_strong = |tag: &Tag| tag.as_ref().is_some_and(|tag| !tag.starts_with(b"W/"));
        let shares = |series: &&Series| {
            let same = |plain: &&Series| {
                plain.protocol == series.protocol && plain.tags() == series.tags()
            };
            let by_origin = self.origins.iter().flat_map(|origin| &origin.series);
            let mut by_origin = by_origin.filter(|own| own.coding == series.coding);
            series.method == Method::GET
                && series.coded().is_some()
                && series.tags().iter().all(is_strong)
                && plain
                    .iter()
                    .any(|plain| same(plain) && plain.coded().is_none())
                && by_origin.all(|own| own.coded().is_none())
        };
        let Some(series) = edge.series.iter().find(shares) else {
            return;
        };
        let finding = Finding {
            rule: "edge-tag-of-coding",
            severity: Severity::Deviation,
            section: "RFC 9110, section 8.8.3.3",
            requirement: "A compressed representation has another strong tag than the plain one.".to_owned(),
            request: request("GET", series.coding, series.protocol),
            expected: "another tag, or a weak one".to_owned(),
            actual: format!("{} with Content-Encoding: {}", in_words(&series.tags()), series.coded().unwrap_or_default()),
            cost: "None for those who save. A download that is resumed with another coding is damaged, and a cache may mix the two."
                .to_owned(),
            cure: format!(
                "Compress in the service, with `ContentCodingLayer` outermost: each coding gets a tag of its own, and all of them save.\n{}",
                self.who()
            ),
        };
        self.findings.push(finding);
    }

    /// Tags that arrive as they are, and cannot be used all the same.
    fn lost_preconditions(&mut self) {
        let kept: Vec<_> = self
            .gets()
            .filter(|row| row.rewrite() == Rewrite::Kept)
            .collect();
        let failing = |row: &&Row| self.fails_to_revalidate(row);
        let not_revalidated: Vec<_> = kept.iter().copied().filter(failing).collect();
        let mut findings = Vec::new();
        if !not_revalidated.is_empty() {
            findings.push(Finding {
                rule: "edge-revalidation",
                severity: Severity::Deviation,
                section: "RFC 9110, section 13.1.2",
                requirement: "If-None-Match with the current tag gets 304, through the edge as at the origin.".to_owned(),
                request: use_of("If-None-Match", &not_revalidated),
                expected: "304, as at the origin".to_owned(),
                actual: format!("{} (asked for {})", answers(&not_revalidated), codings(&not_revalidated)),
                cost: "Every read through the edge transfers the whole content.".to_owned(),
                cure: format!(
                    "The edge does not pass If-None-Match on, and does not answer it: nginx removes it where `proxy_cache` is on and \
                     the response may not be stored (a `location` without `proxy_cache` for these routes); Squid answers 200 to what \
                     it has revalidated itself. {}",
                    self.who()
                ),
            });
        }
        let refused = |row: &&Row| {
            let is_asked = |saved: &Saved| saved.works == Some(false) && saved.asked != Asked::Rule;
            let by_origin = self
                .trial_of(row)
                .is_some_and(|trial| trial.origin_takes_its_own);
            by_origin && row.saved.as_ref().is_some_and(is_asked)
        };
        let refused: Vec<_> = kept.iter().copied().filter(refused).collect();
        let is_weak = |row: &Row| row.edge.iter().flatten().any(|tag| tag.starts_with(b"W/"));
        if !refused.is_empty() && !refused.iter().all(|row| is_weak(row)) {
            let answers: BTreeSet<_> = refused
                .iter()
                .filter_map(|row| row.saved.as_ref())
                .map(|saved| saved.answer.clone())
                .collect();
            findings.push(Finding {
                rule: "edge-save",
                severity: Severity::Error,
                section: "RFC 9110, section 13.1.1",
                requirement: "If-Match with the current tag is true, through the edge as at the origin.".to_owned(),
                request: use_of("If-Match", &refused),
                expected: "2xx".to_owned(),
                actual: format!("{} (asked for {})", Vec::from_iter(answers).join(", "), codings(&refused)),
                cost: "Every save through the edge is refused.".to_owned(),
                cure: format!("Something on the way changes If-Match, or the content is out of date at one of the ends. {}", self.who()),
            });
        }
        self.findings.extend(findings);
    }

    /// The origin answers 304 to its own tag, and the edge answers something else.
    fn fails_to_revalidate(&self, row: &Row) -> bool {
        let trial = self.trial_of(row);
        trial.is_some_and(|trial| {
            trial.by_origin == StatusCode::NOT_MODIFIED
                && trial.revalidated != StatusCode::NOT_MODIFIED
        })
    }

    fn trial_of(&self, row: &Row) -> Option<&'d Trial> {
        trial_of(row, self.trials)
    }

    fn who(&self) -> String {
        match self.proxies.as_slice() {
            [] => "The edge does not say what it is.".to_owned(),
            known => {
                let known: Vec<_> = known
                    .iter()
                    .map(|known| format!("{} ({})", known.proxy.name(), known.evidence))
                    .collect();
                format!("The edge: {}.", known.join(", "))
            }
        }
    }

    /// A 304 with another tag than the 200.
    fn not_modified(&mut self) {
        let differs = |row: &&Row| {
            self.trial_of(row).is_some_and(|trial| {
                trial.revalidated == StatusCode::NOT_MODIFIED
                    && !row.edge.contains(&trial.not_modified)
            })
        };
        let differing: Vec<_> = self.gets().filter(differs).collect();
        let Some((row, trial)) = differing
            .first()
            .and_then(|row| Some((*row, self.trial_of(row)?)))
        else {
            return;
        };
        let finding = Finding {
            rule: "edge-not-modified-tag",
            severity: Severity::Deviation,
            section: "RFC 9110, section 15.4.5",
            requirement: "A 304 carries the ETag of the 200, letter for letter.".to_owned(),
            request: use_of("If-None-Match", &differing),
            expected: format!("304 with {}", in_words(&row.edge)),
            actual: format!("304 with {} (asked for {})", Shown(trial.not_modified.as_deref()), codings(&differing)),
            cost: "A cache may drop its copy, and a client that keeps the newest tag holds one that belongs to other bytes.".to_owned(),
            cure: format!("The edge rewrites the tag of a 200 and not that of a 304: what cures the one cures the other. {}", self.who()),
        };
        self.findings.push(finding);
    }

    /// A HEAD that shows another tag than GET.
    fn heads(&mut self) {
        let Some(edge) = self.edge else { return };
        let differing = edge.series.iter().find_map(|get| {
            let head = edge.of(get.coding, &Method::HEAD, get.protocol)?;
            let is_other =
                get.method == Method::GET && !head.seen.is_empty() && head.tags() != get.tags();
            let at_origin = self.origins.iter().any(|origin| {
                let own = |method| {
                    origin
                        .of(get.coding, method, get.protocol)
                        .map(Series::tags)
                };
                own(&Method::HEAD) != own(&Method::GET)
            });
            (is_other && !at_origin && get.tags().len() == 1).then_some((get, head))
        });
        let Some((get, head)) = differing else { return };
        self.findings.push(Finding {
            rule: "edge-head-tag",
            severity: Severity::Advice,
            section: "RFC 9110, section 9.3.2",
            requirement: "HEAD carries the fields that GET carries.".to_owned(),
            request: request("HEAD", get.coding, get.protocol),
            expected: in_words(&get.tags()),
            actual: in_words(&head.tags()),
            cost: "A client that asks by HEAD holds another tag than one that has read the content.".to_owned(),
            cure: "A compressor leaves HEAD alone, as it has no content. Compress in the service, where both get one tag \
                   (`ContentCodingLayer`)."
                .to_owned(),
        });
    }

    /// What the writes through the edge have shown.
    fn writes(&mut self) {
        let Some(written) = self.written else { return };
        if let Some(why) = &written.refused {
            self.not_checked.push(format!("saving: {why}"));
        }
        if !written.is_ignored {
            return;
        }
        let (rule, whose) = match written.is_ignored_by_origin {
            true => (
                "if-match",
                "The origin performs it as well: check the precondition in the service (`ConditionalLayer` with a `WritePolicy`).",
            ),
            false => (
                "edge-if-match",
                "The origin refuses it: the edge removes If-Match on the way. Pass it on (nginx: no `proxy_set_header If-Match \"\"`; \
                 CDN: the header belongs into the origin request policy).",
            ),
        };
        self.findings.push(Finding {
            rule,
            severity: Severity::Error,
            section: "RFC 9110, section 13.1.1",
            requirement: "A write whose If-Match does not name the current tag is not performed; it gets 412.".to_owned(),
            request: "PUT through the edge\nIf-Match: \"tower-conditional-doctor\"".to_owned(),
            expected: "412 Precondition Failed".to_owned(),
            actual: "2xx".to_owned(),
            cost: "Updates are lost, silently: the last writer overwrites what others have saved meanwhile.".to_owned(),
            cure: whose.to_owned(),
        });
    }
}

/// What the edge's tags were good for.
struct UseOf {
    revalidated: Option<bool>,
    saved: Option<bool>,
    words: String,
}

impl UseOf {
    fn these(rows: &[&Row], trials: &[(Protocol, &'static str, Trial)]) -> Self {
        let tried: Vec<_> = rows
            .iter()
            .filter_map(|row| Some((row, trial_of(row, trials)?)))
            .collect();
        let by_origin = tried
            .iter()
            .all(|(_, trial)| trial.by_origin == StatusCode::NOT_MODIFIED);
        let revalidated = tried
            .iter()
            .all(|(_, trial)| trial.revalidated == StatusCode::NOT_MODIFIED);
        let saves: Vec<_> = rows.iter().filter_map(|row| row.saved.as_ref()).collect();
        let asked: Vec<_> = saves
            .iter()
            .filter(|saved| saved.asked != Asked::Rule)
            .collect();
        let saved = match asked.is_empty() {
            true => None,
            false if asked.iter().any(|saved| saved.works == Some(false)) => Some(false),
            false => asked
                .iter()
                .all(|saved| saved.works == Some(true))
                .then_some(true),
        };
        let words = match (tried.is_empty(), saves.first()) {
            (true, _) | (_, None) => "there is no tag to send back".to_owned(),
            (false, Some(save)) => {
                let statuses: BTreeSet<_> = tried
                    .iter()
                    .map(|(_, trial)| trial.revalidated.as_str().to_owned())
                    .collect();
                let if_match = match save.asked {
                    Asked::Rule => {
                        "If-Match was not evaluated on GET (--write PATH asks with a write)"
                            .to_owned()
                    }
                    _ => format!("If-Match: {}", save.answer),
                };
                format!(
                    "If-None-Match: {}, {if_match}",
                    Vec::from_iter(statuses).join(" or ")
                )
            }
        };
        Self {
            revalidated: (!tried.is_empty() && by_origin).then_some(revalidated),
            saved,
            words,
        }
    }

    fn in_words(&self) -> &str {
        &self.words
    }

    fn severity(&self, rewrite: Rewrite<'_>) -> Severity {
        match (self.saved, self.revalidated, rewrite) {
            (_, _, Rewrite::Removed | Rewrite::Replaced) | (Some(false), ..) => Severity::Error,
            (_, Some(false), _) => Severity::Deviation,
            _ => Severity::Advice,
        }
    }

    const fn cost(&self, rewrite: Rewrite<'_>) -> &'static str {
        match (self.saved, self.revalidated, rewrite) {
            (_, _, Rewrite::Removed) => {
                "Browsers see no tag: no 304, and a save without a guard overwrites what others have saved, or gets 428."
            }
            (Some(false), Some(false), _) => {
                "Every save with the tag that the client saw is refused, and every read transfers the whole content."
            }
            (Some(false), ..) => {
                "Every save with the tag that the client saw is refused; 304s work."
            }
            (Some(true), Some(false), _) => "Every read transfers the whole content; saves work.",
            (None, Some(false), _) => {
                "Every read transfers the whole content; a save with this tag is refused, if the service checks it."
            }
            (Some(true), ..) => "None now: the service accepts what the edge makes of its tags.",
            (None, ..) => {
                "304s work. If clients save here with If-Match, the service has to accept this tag."
            }
        }
    }
}

/// What a rewrite is called, and what cures it.
struct Words {
    rule: &'static str,
    section: &'static str,
    requirement: &'static str,
    /// Which option of this crate takes it.
    ours: &'static str,
}

/// The service compresses, so that no proxy has a reason to.
const fn compress(rewrite: Rewrite<'_>) -> &'static str {
    match rewrite {
        Rewrite::Weakened
        | Rewrite::Suffixed(_)
        | Rewrite::SuffixedAndWeakened(_)
        | Rewrite::Removed => {
            "Or compress in the service, with `ContentCodingLayer` outermost: proxies leave alone what is compressed already.\n"
        }
        _ => "",
    }
}

impl Words {
    const fn of(rewrite: Rewrite<'_>) -> Self {
        let (rule, section, requirement, ours) = match rewrite {
            Rewrite::Weakened => (
                "edge-tag-weakened",
                "RFC 9110, section 13.1.1",
                "A strong tag reaches the client as it is: a weak one never matches in If-Match.",
                "Or accept it, in a service with tower-conditional: `.accept_rewritten_tags(RewrittenTags::weakened())` on the `WritePolicy`, and \
                 `ConditionalLayer::accept_rewritten_tags_on_reads`.",
            ),
            Rewrite::Suffixed(_) => (
                "edge-tag-suffixed",
                "RFC 9110, section 8.8.3.3",
                "A tag reaches the client as it is, or comes back to the origin as it was.",
                "Or accept it, in a service with tower-conditional: `.accept_rewritten_tags(RewrittenTags::suffixed())` on the `WritePolicy`, and \
                 `ConditionalLayer::accept_rewritten_tags_on_reads`.",
            ),
            Rewrite::SuffixedAndWeakened(_) => (
                "edge-tag-suffixed",
                "RFC 9110, section 8.8.3.3",
                "A tag reaches the client as it is, or comes back to the origin as it was.",
                "Or accept it, in a service with tower-conditional: `.accept_rewritten_tags(RewrittenTags::suffixed_or_weakened())` on the `WritePolicy`, and \
                 `ConditionalLayer::accept_rewritten_tags_on_reads`.",
            ),
            Rewrite::Removed => (
                "edge-tag-removed",
                "RFC 9110, section 8.8.3",
                "A tag of the origin reaches the client.",
                "No option of the layer can bring it back.",
            ),
            Rewrite::Strengthened => (
                "edge-tag-strengthened",
                "RFC 9110, section 8.8.1",
                "A weak tag stays weak: a strong one promises equal bytes.",
                "No option takes it.",
            ),
            Rewrite::Requoted => (
                "edge-tag-requoted",
                "RFC 9110, section 8.8.3",
                "A tag is quoted, at both ends.",
                "No option takes it: a tag without quotes is malformed, and gets 400 in If-Match.",
            ),
            Rewrite::Added => (
                "edge-tag-added",
                "RFC 9110, section 8.8.3",
                "The tag is that of the origin, which has to recognise it.",
                "Send tags from the service, so that the edge makes none.",
            ),
            _ => (
                "edge-tag-replaced",
                "RFC 9110, section 8.8.3",
                "A tag of the origin reaches the client.",
                "No option takes it: the service cannot know a tag that it has not made.",
            ),
        };
        Self {
            rule,
            section,
            requirement,
            ours,
        }
    }
}

fn tag_stable(rule: &'static str, end: &End, series: &Series) -> Finding {
    let tags = series.tags();
    let made_of = tags.iter().flatten().find_map(|tag| made_of_file(tag));
    let made_of = made_of
        .map(|of| format!(" They look like tags made of {of}."))
        .unwrap_or_default();
    Finding {
        rule,
        severity: Severity::Error,
        section: "RFC 9110, section 8.8.1",
        requirement: "A tag stays the same while the content does.".to_owned(),
        request: request("GET", series.coding, series.protocol),
        expected: "one tag for equal bytes".to_owned(),
        actual: format!("{} in {} answers of {}", in_words(&tags), series.seen.len(), end.name),
        cost: "A save that nobody has raced gets 412 now and then, and caches transfer what they have.".to_owned(),
        cure: format!(
            "Behind this address several machines may answer, each with tags of its own: make the tag of a version \
             (`EntityTag::from_version`) or of the bytes (`EntityTag::of_bytes`, `BodyHash::strong()`).{made_of} Or the tag is made of \
             what differs from answer to answer, such as the order of a `HashMap`."
        ),
    }
}

fn unstable(end: &End) -> Option<&Series> {
    let gets = end
        .series
        .iter()
        .filter(|series| series.method == Method::GET);
    // Two compressors, or two runs of one, may make different bytes of the same content.
    let is_unstable = |series: &&Series| series.is_steady() && series.tags().len() > 1;
    gets.into_iter().find(is_unstable)
}

fn has_equal_bytes(one: &Series, other: &Series) -> bool {
    let first = |series: &Series| series.seen.first().map(|seen| seen.print);
    one.is_steady() && other.is_steady() && first(one).is_some() && first(one) == first(other)
}

/// The origin's tags for this coding, over any protocol.
fn tags_for(origin: &End, coding: &str) -> Vec<Tag> {
    let is_of = |series: &&Series| series.coding == coding && series.method == Method::GET;
    let own = origin.series.iter().filter(is_of).flat_map(Series::tags);
    Vec::from_iter(own.collect::<BTreeSet<_>>())
}

fn trial_of<'t>(row: &Row, trials: &'t [(Protocol, &'static str, Trial)]) -> Option<&'t Trial> {
    let of_this = |(protocol, coding, _): &&(Protocol, &'static str, Trial)| {
        protocol.name() == row.protocol && *coding == row.coding && row.method == "GET"
    };
    trials.iter().find(of_this).map(|(_, _, trial)| trial)
}

/// `gzip, br over HTTP/1.1 and HTTP/2`
fn codings(rows: &[&Row]) -> String {
    let in_order = |of: fn(&Row) -> &'static str| {
        let mut all: Vec<&str> = Vec::new();
        for row in rows {
            if !all.contains(&of(row)) {
                all.push(of(row));
            }
        }
        all
    };
    let codings = in_order(|row| row.coding).join(", ");
    format!(
        "{codings}, over {}",
        in_order(|row| row.protocol).join(" and ")
    )
}

fn answers(rows: &[&Row]) -> String {
    let all: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row.revalidated.clone())
        .collect();
    Vec::from_iter(all).join(" or ")
}

fn use_of(field: &str, rows: &[&Row]) -> String {
    let (protocol, coding, tag) = rows.first().map_or(("HTTP/1.1", "identity", None), |row| {
        let tag = row.edge.iter().flatten().next();
        (row.protocol, row.coding, tag.map(|tag| &**tag))
    });
    format!(
        "GET over {protocol}\nAccept-Encoding: {coding}\n{field}: {}",
        Shown(tag)
    )
}

fn request(method: &str, coding: &str, protocol: Protocol) -> String {
    format!(
        "{method} over {}\nAccept-Encoding: {coding}",
        protocol.name()
    )
}

const fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::HEAD => "HEAD",
        _ => "GET",
    }
}
