//! One look-up serves all requests that asked for the same resource before it began, and a write that can only be
//! refused does not wait for the lock.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::body::Body;
use http::{Request, Response};
use tower::{Layer, Service};
use tower_conditional::{ConditionalLayer, Current, EntityTag, SourceError, ValidatorSource};

use crate::support::source::{self, HeldSource};
use crate::support::{
    Answer, Broken, Driven, HeldHandler, assert_refused, assert_status, request_to, send_by_hand,
};

/// A layer over a source whose look-ups are held, around a handler whose calls are.
struct Held<S> {
    source: HeldSource,
    handler: HeldHandler,
    service: S,
}

fn held() -> Held<
    impl Service<
        Request<Body>,
        Response = Response<impl http_body::Body<Error: std::fmt::Debug>>,
        Error = Broken,
    > + Clone,
> {
    let (source, handler) = (HeldSource::default(), HeldHandler::default());
    // All tenants share a lock.
    let locked = source.source().locked_by(|(path, _)| path.clone());
    let service = ConditionalLayer::new(locked).layer(handler.clone());
    Held {
        source,
        handler,
        service,
    }
}

impl<S: Service<Request<Body>, Error = Broken> + Clone> Held<S> {
    fn send(
        &self,
        method: &str,
        fields: &[(&str, &str)],
    ) -> Driven<impl Future<Output = Result<S::Response, Broken>> + use<S>> {
        let mut sent = send_by_hand(&self.service, request_to(method, "/a", fields));
        sent.assert_waits();
        sent
    }

    /// A write that holds the lock, with its handler running; it was let in by version 1.
    fn winner(&self) -> Driven<impl Future<Output = Result<S::Response, Broken>> + use<S>> {
        let mut winner = self.send("PUT", &[("if-match", "\"1\"")]);
        self.source.finds(self.source.looks() - 1, 1);
        winner.assert_waits();
        assert_eq!(self.handler.calls(), 1);
        winner
    }
}

/// The next writer holds the lock, and its handler hangs: those who lost do not wait for it.
#[test]
fn losers_leave_the_queue() {
    let held = held();
    let mut winner = held.winner();
    let mut wildcard = held.send("PUT", &[("if-match", "*")]);
    held.source.finds(1, 1);
    wildcard.assert_waits();

    let mut losers: Vec<_> = (0..20)
        .map(|_| held.send("PUT", &[("if-match", "\"1\"")]))
        .collect();
    // The second begins another one, in case the first one hangs; all others wait for the third.
    assert_eq!(held.source.looks(), 4);
    held.source.finds(2, 1);
    held.source.finds(3, 1);
    losers.iter_mut().for_each(Driven::assert_waits);
    assert_eq!(held.source.looks(), 5);
    held.source.finds(4, 1);
    losers.iter_mut().for_each(Driven::assert_waits);

    held.handler.answer(0, 204);
    assert_status(winner.ready(), 204);
    wildcard.assert_waits();
    assert_eq!(held.source.looks(), 6, "under the lock");
    let wakes: Vec<_> = losers.iter().map(Driven::wakes).collect();
    held.source.finds(5, 2);
    wildcard.assert_waits();
    let woken = losers.iter().zip(wakes);
    assert!(
        woken
            .into_iter()
            .all(|(loser, before)| loser.wakes() > before)
    );
    assert_eq!(
        held.handler.calls(),
        2,
        "it is let in, and its handler hangs"
    );
    for loser in &mut losers {
        assert_refused(loser.ready(), 412, "stale");
    }
    assert_eq!(held.source.looks(), 6, "one look-up has refused them all");
}

/// Its place in the queue goes to the next one.
#[test]
fn a_request_that_leaves_keeps_nobody_waiting() {
    let held = held();
    let mut winner = held.winner();
    let mut stale = held.send("PUT", &[("if-match", "\"1\"")]);
    held.source.finds(1, 1);
    stale.assert_waits();
    let mut next = held.send("PUT", &[]);
    held.source.finds(2, 1);
    next.assert_waits();

    held.handler.answer(0, 204);
    assert_status(winner.ready(), 204);
    stale.assert_waits();
    held.source.finds(3, 2);
    assert_refused(stale.ready(), 412, "stale");
    next.assert_waits();
    held.source.finds(4, 2);
    next.assert_waits();
    assert_eq!(held.handler.calls(), 2);
}

/// A look-up for one tenant refuses no write of another tenant, although they share a lock.
#[test]
fn a_look_up_of_another_resource_refuses_nobody() {
    let held = held();
    let mut winner = held.winner();
    let mut first = held.send("PUT", &[]);
    held.source.finds(1, 1);
    first.assert_waits();
    let mut other = held.send("PUT", &[("tenant", "b"), ("if-match", "\"1\"")]);
    held.source.finds(2, 1);
    other.assert_waits();

    held.handler.answer(0, 204);
    assert_status(winner.ready(), 204);
    first.assert_waits();
    held.source.finds(3, 2);
    first.assert_waits();
    other.assert_waits();
    held.handler.answer(1, 204);
    assert_status(first.ready(), 204);
    other.assert_waits();
    held.source.finds(4, 1);
    other.assert_waits();
    assert_eq!(held.handler.calls(), 3);
}

/// A request never gets the result of a look-up that began before the request came.
#[test]
fn no_answer_is_older_than_its_question() {
    let held = held();
    let mut alone = held.send("GET", &[]);
    let mut second = held.send("GET", &[]);
    let mut third = held.send("GET", &[]);
    assert_eq!(held.source.looks(), 3);
    let mut late: Vec<_> = (0..10).map(|_| held.send("GET", &[])).collect();
    assert_eq!(
        held.source.looks(),
        3,
        "they wait for one that has not begun"
    );

    for (n, early) in [&mut alone, &mut second, &mut third]
        .into_iter()
        .enumerate()
    {
        held.source.finds(n, 1);
        early.assert_waits();
        held.handler.answer(n, 200);
        assert_eq!(Answer::of(early.ready().unwrap()).tag(), "\"1\"");
    }
    late.iter_mut().for_each(Driven::assert_waits);
    assert_eq!(held.source.looks(), 4);
    held.source.finds(3, 2);
    for (n, late) in late.iter_mut().enumerate() {
        late.assert_waits();
        held.handler.answer(3 + n, 200);
        assert_eq!(Answer::of(late.ready().unwrap()).tag(), "\"2\"");
    }
}

/// Other resources are looked up apart: `alone` keeps the source busy.
#[test]
fn only_the_same_resource_is_joined() {
    let held = held();
    let _alone = held.send("GET", &[]);
    let mut many: Vec<_> = (0..40)
        .map(|n| held.send("GET", &[("tenant", &n.to_string())]))
        .collect();
    assert_eq!(held.source.looks(), 41);
    for (n, one) in many.iter_mut().enumerate() {
        held.source.finds(1 + n, n as u64);
        one.assert_waits();
        held.handler.answer(n, 200);
        assert_eq!(Answer::of(one.ready().unwrap()).tag(), format!("\"{n}\""));
    }
}

/// The request that began the look-up may hang up: the others go on with it.
#[test]
fn a_look_up_outlives_the_request_that_began_it() {
    let held = held();
    let _alone = held.send("GET", &[]);
    let _second = held.send("GET", &[]);
    let _third = held.send("GET", &[]);
    let mut fourth = held.send("GET", &[]);
    let mut fifth = held.send("GET", &[]);
    held.source.finds(1, 1);
    fourth.assert_waits();
    assert_eq!(held.source.looks(), 4);
    fifth.assert_waits();
    fourth.drop_future();
    held.source.finds(3, 1);
    fifth.assert_waits();
    held.handler.answer(0, 200);
    assert_status(fifth.ready(), 200);
}

/// Only the requests that asked for it wait for a look-up that hangs, and it ends with them.
#[test]
fn a_look_up_that_hangs_holds_up_nobody_else() {
    let held = held();
    let _alone = held.send("GET", &[]);
    let mut hanging = held.send("GET", &[]);
    for n in 0..10 {
        let mut other = held.send("GET", &[]);
        held.source.finds(2 + n, 1);
        other.assert_waits();
        held.handler.answer(n, 200);
        assert_status(other.ready(), 200);
    }
    hanging.drop_future();
    let found = Ok(EntityTag::from_version(1).into());
    assert!(!held.source.end(1, found), "nobody waits for it");

    // Two that hang: the next one waits until one of them is given up.
    let mut first = held.send("GET", &[]);
    let _second = held.send("GET", &[]);
    let mut next = held.send("GET", &[]);
    assert_eq!(held.source.looks(), 14);
    first.drop_future();
    next.assert_waits();
    assert_eq!(held.source.looks(), 15);
}

/// All requests that asked get the failure or the refusal; the text of the error goes to the observer alone.
#[test]
fn errors_are_shared() {
    let failed = || SourceError::failed("the password is hunter2");
    let refused = || {
        let refused = Response::builder().status(403).body("not yours");
        SourceError::refused(refused.unwrap())
    };
    let rows: [(fn() -> SourceError, u16); 2] = [(failed, 503), (refused, 403)];
    for (error, status) in rows {
        let held = held();
        let _winner = held.winner();
        let mut writers: Vec<_> = (0..6)
            .map(|_| held.send("PUT", &[("if-match", "\"1\"")]))
            .collect();
        assert_eq!(held.source.looks(), 3);
        assert!(held.source.end(1, Err(error())));
        assert!(held.source.end(2, Err(error())));
        assert_status(writers[0].ready(), status);
        assert_status(writers[1].ready(), status);
        writers[2].assert_waits();
        assert_eq!(held.source.looks(), 4);
        assert!(held.source.end(3, Err(error())));
        for writer in &mut writers[2..] {
            let answer = Answer::of(writer.ready().unwrap());
            assert_eq!(answer.status, status);
            assert!(!answer.body.windows(7).any(|text| text == b"hunter2"));
        }
        assert_eq!(held.source.looks(), 4);
    }
}

/// A later look-up that says nothing of the state takes nothing from those who listen.
#[test]
fn a_failure_hides_no_state() {
    let nothing: [fn() -> source::Answer; 2] =
        [|| Err(SourceError::failed("down")), || Ok(Current::Unknown)];
    for nothing in nothing {
        let held = held();
        let mut winner = held.winner();
        let mut next = held.send("PUT", &[]);
        held.source.finds(1, 1);
        next.assert_waits();
        let mut loser = held.send("PUT", &[("if-match", "\"1\"")]);
        held.source.finds(2, 1);
        loser.assert_waits();
        let mut keeps = held.send("PUT", &[("if-match", "\"2\", \"1\"")]);
        held.source.finds(3, 1);
        keeps.assert_waits();

        held.handler.answer(0, 204);
        assert_status(winner.ready(), 204);
        next.assert_waits();
        let _alone = held.send("GET", &[]);
        let mut joined = held.send("GET", &[]);
        held.source.finds(4, 2);
        next.assert_waits();
        assert!(held.source.end(6, nothing()));
        joined.assert_waits();
        assert_refused(loser.ready(), 412, "stale");
        keeps.assert_waits();
        assert_eq!(held.handler.calls(), 3, "the next writer, and the read");
    }
}

/// A look-up that fails at once is no answer to those who have a better one under way.
#[test]
fn a_failure_of_others_is_not_mine() {
    let held = held();
    let _alone = held.send("GET", &[]);
    let mut slow = held.send("GET", &[]);
    let mut failed = held.send("GET", &[]);
    assert!(
        held.source
            .end(2, Err(SourceError::failed("no connection")))
    );
    failed.assert_waits();
    assert_eq!(held.handler.calls(), 1, "a read passes without evaluation");
    slow.assert_waits();
    held.source.finds(1, 1);
    slow.assert_waits();
    held.handler.answer(1, 200);
    assert_eq!(Answer::of(slow.ready().unwrap()).tag(), "\"1\"");
}

/// If a look-up panics, only the request that polls it panics: the others begin another one.
#[test]
fn a_panic_stays_with_one_request() {
    let held = held();
    let _alone = held.send("GET", &[]);
    let mut second = held.send("GET", &[]);
    let _third = held.send("GET", &[]);
    let mut late: Vec<_> = (0..3).map(|_| held.send("GET", &[])).collect();
    held.source.break_off(1);
    let polled = catch_unwind(AssertUnwindSafe(|| second.poll().is_ready()));
    assert!(polled.is_err(), "the look-up has panicked");
    late.iter_mut().for_each(Driven::assert_waits);
    assert_eq!(held.source.looks(), 4);
    held.source.finds(3, 1);
    for (n, late) in late.iter_mut().enumerate() {
        late.assert_waits();
        held.handler.answer(n, 200);
        assert_status(late.ready(), 200);
    }
}
