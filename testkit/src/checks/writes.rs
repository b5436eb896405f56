//! Preconditions on writes: a refused write changes nothing, a granted one takes place.

use http::header::{
    CACHE_CONTROL, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use http::{Method, StatusCode};

use crate::fixture::Scratch;
use crate::known::{COMMAS, Known, OBS_TEXT, OTHER, list, now, other_strength, weak_form};
use crate::rule;
use crate::session::Session;
use crate::shown::{Escaped, lines};
use crate::writer::Writer;
use tower_conditional::EntityTag;

pub(crate) async fn check(session: &mut Session<'_>, scratch: &Scratch, elsewhere: &Known) {
    Writer::new(session, scratch).run(elsewhere).await;
}

impl Writer<'_, '_> {
    /// `elsewhere` is the resource that is only read.
    async fn run(&mut self, elsewhere: &Known) {
        let was_absent = self.begin().await.is_none();
        if was_absent && !self.create().await {
            return;
        }
        self.without_preconditions().await;
        let Some(known) = self.read().await else {
            return;
        };
        match known.tag.clone() {
            Some(tag) => self.with_tags(&tag, elsewhere).await,
            None => self
                .session
                .report
                .leave_out("writes with tags: what was written has no ETag"),
        }
        self.with_dates().await;
        if was_absent {
            self.remove_and_create_again().await;
        }
    }

    /// Where there is nothing: If-Match is false, `If-None-Match: *` is true.
    async fn create(&mut self) -> bool {
        for value in [&b"*"[..], OTHER] {
            let write = self.put(&[(IF_MATCH, value)]).await;
            let is_there = self.read().await.is_some();
            if write.is_success() {
                let expected = "412 Precondition Failed";
                self.session
                    .find(&rule::IM_ABSENT, &write, expected, write.to_string());
            } else if is_there {
                self.done_despite(&write);
            }
            if is_there {
                return true;
            }
        }
        let write = self.put(&[(IF_NONE_MATCH, b"*")]).await;
        let is_there = self.read().await.is_some();
        if !is_there {
            let came = format!("{write}, and nothing was created");
            self.session
                .find(&rule::INM_CREATES, &write, "201 Created", came);
        } else if !write.is_success() {
            self.done_despite(&write);
        }
        is_there
    }

    /// Granted, or 428 if the service wants a precondition (RFC 6585, section 3).
    async fn without_preconditions(&mut self) {
        let before = self.read().await;
        let write = self.put(&[]).await;
        self.demands = write.status() == Some(StatusCode::PRECONDITION_REQUIRED);
        if !self.demands {
            if !write.is_success() {
                let expected = "2xx, or 428 Precondition Required";
                self.session
                    .find(&rule::FIXTURE, &write, expected, write.to_string());
            }
            return;
        }
        if self.changed(before.as_ref()).await {
            self.done_despite(&write);
        }
        let Ok(reply) = &write.reply else { return };
        if reply.body.is_empty() {
            self.session
                .find(&rule::REQUIRED_BODY, &write, "an explanation", "no content");
        }
        let is_no_store = |line: &http::HeaderValue| {
            line.as_bytes()
                .to_ascii_lowercase()
                .windows(8)
                .any(|part| part == b"no-store")
        };
        if !reply.fields.get_all(CACHE_CONTROL).iter().any(is_no_store) {
            let came = lines(&reply.fields, &CACHE_CONTROL);
            self.session.find(
                &rule::REQUIRED_NO_STORE,
                &write,
                "Cache-Control: no-store",
                came,
            );
        }
    }

    async fn with_tags(&mut self, tag: &EntityTag, elsewhere: &Known) {
        if !self.refused(&rule::IM, &[(IF_MATCH, OTHER)]).await {
            return;
        }
        let weak = weak_form(tag);
        self.refused(&rule::IM_WEAK, &[(IF_MATCH, &weak)]).await;
        self.refused(&rule::COMMA_IN_TAG, &[(IF_MATCH, COMMAS)])
            .await;
        self.malformed(&rule::IM_EMPTY, &[(IF_MATCH, b"")]).await;
        let unfinished = [b"\"", &tag.opaque_tag()[1..tag.opaque_tag().len() - 1]].concat();
        for value in [&unfinished[..], b"garbage"] {
            self.malformed(&rule::IM_MALFORMED, &[(IF_MATCH, value)])
                .await;
        }
        if !self.session.report.found(&rule::IM_MALFORMED) {
            self.malformed(&rule::STAR_IN_LIST, &[(IF_MATCH, b"*, \"x\"")])
                .await;
        }
        self.none_match().await;
        if tag.is_weak() {
            self.only_weak(elsewhere).await;
        } else {
            self.match_current(tag).await;
        }
        self.delete_refused().await;
    }

    /// No If-Match is true with a weak tag. A server may send one for a moment after a write alone, so a resource that was
    /// not written must have one, too.
    async fn only_weak(&mut self, elsewhere: &Known) {
        let what = "writes with If-Match that is true: the tags are weak";
        self.session.report.leave_out(what);
        let is_for_good = elsewhere.tag.as_ref().is_some_and(EntityTag::is_weak);
        if !is_for_good || self.session.report.found(&rule::IM_WEAK) {
            return;
        }
        let Some(tag) = self.current_tag().await else {
            return;
        };
        let write = self.put(&[(IF_MATCH, tag.as_bytes())]).await;
        if write.status() == Some(StatusCode::PRECONDITION_FAILED) {
            let came = format!("{write} to the current tag {}", Escaped(tag.as_bytes()));
            let expected = "a strong tag, and 2xx to a write that names it";
            self.session
                .find(&rule::IM_ONLY_WEAK, &write, expected, came);
        }
    }

    async fn none_match(&mut self) {
        self.refused(&rule::INM_WILDCARD, &[(IF_NONE_MATCH, b"*")])
            .await;
        let Some(tag) = self.current_tag().await else {
            return;
        };
        if !self
            .refused(&rule::INM, &[(IF_NONE_MATCH, tag.as_bytes())])
            .await
        {
            return;
        }
        let other_strength = other_strength(&tag);
        self.refused(&rule::INM_WEAK, &[(IF_NONE_MATCH, &other_strength)])
            .await;
        self.granted(&rule::INM, &[(IF_NONE_MATCH, OTHER)]).await;
    }

    /// Each granted write makes a new tag, which is read before the next.
    async fn match_current(&mut self, first: &EntityTag) {
        let Some(tag) = self.current_tag().await else {
            return;
        };
        if !self
            .granted(&rule::IM_TRUE, &[(IF_MATCH, tag.as_bytes())])
            .await
        {
            return;
        }
        self.refused(&rule::IM, &[(IF_MATCH, first.as_bytes())])
            .await;
        for (rule, before) in [
            (&rule::IM_LIST, OTHER),
            (&rule::COMMA_IN_TAG, COMMAS),
            (&rule::OBS_TEXT, OBS_TEXT),
        ] {
            let Some(tag) = self.current_tag().await else {
                return;
            };
            let value = list(&[before, tag.as_bytes()]);
            self.granted(rule, &[(IF_MATCH, &value)]).await;
        }
        if let Some(tag) = self.current_tag().await {
            let two_lines = [(IF_MATCH, OTHER), (IF_MATCH, tag.as_bytes())];
            self.granted(&rule::SEVERAL_LINES, &two_lines).await;
        }
        self.granted(&rule::IM_WILDCARD, &[(IF_MATCH, b"*")]).await;
        self.races().await;
    }

    async fn with_dates(&mut self) {
        let tomorrow = now().saturating_add_seconds(86_400).to_string();
        self.granted(
            &rule::IMS_ON_WRITE,
            &[(IF_MODIFIED_SINCE, tomorrow.as_bytes())],
        )
        .await;
        self.granted(&rule::IUS_NO_DATE, &[(IF_UNMODIFIED_SINCE, b"yesterday")])
            .await;
        let Some(modified) = self.modified().await else {
            return;
        };
        let earlier = modified.saturating_add_seconds(-1).to_string();
        self.refused(&rule::IUS, &[(IF_UNMODIFIED_SINCE, earlier.as_bytes())])
            .await;
        let Some(modified) = self.modified().await else {
            return;
        };
        let date = modified.to_string();
        self.granted(&rule::IUS, &[(IF_UNMODIFIED_SINCE, date.as_bytes())])
            .await;
    }

    /// A refused DELETE removes nothing; a service without DELETE refuses it in its own way.
    async fn delete_refused(&mut self) {
        let delete = self.send(Method::DELETE, &[(IF_MATCH, OTHER)]).await;
        if self.read().await.is_none() {
            let came = format!("{delete}, and it is gone");
            self.session
                .find(&rule::IM, &delete, "412 Precondition Failed", came);
            self.put(&[(IF_NONE_MATCH, b"*")]).await;
        }
    }

    /// Removes what was written, and checks that an old tag does not come back with other content.
    async fn remove_and_create_again(&mut self) {
        if self.remove().await {
            self.put(&[(IF_NONE_MATCH, b"*")]).await;
            self.read().await;
            if self.remove().await && self.creates_with_care() {
                let path = [self.scratch.target.clone()];
                self.race(&rule::INM_RACE, &path, &[self.scratch.arrival])
                    .await;
                self.remove().await;
            }
        } else {
            let what = "removing what was written: the service does not delete it";
            self.session.report.leave_out(what);
        }
    }

    /// Whether nothing has been found that would lose a creation without a race, or loses updates in one.
    fn creates_with_care(&self) -> bool {
        let broken = [
            &rule::INM_WILDCARD,
            &rule::INM_CREATES,
            &rule::NOT_MODIFIED_TO_WRITE,
            &rule::DONE_THOUGH_REFUSED,
            &rule::RACE,
        ];
        !broken.iter().any(|rule| self.session.report.found(rule))
    }

    async fn remove(&mut self) -> bool {
        let tag = self.current_tag().await.filter(|tag| !tag.is_weak());
        match &tag {
            Some(tag) => {
                self.send(Method::DELETE, &[(IF_MATCH, tag.as_bytes())])
                    .await
            }
            None => self.send(Method::DELETE, &[(IF_MATCH, b"*")]).await,
        };
        self.read().await.is_none()
    }
}
