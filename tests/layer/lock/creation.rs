//! `WritePolicy::exempt_creation`: of N clients that create one target without a precondition, one creates it.

use tower::Layer;
use tower_conditional::{ConditionalLayer, WritePolicy};

use crate::support::source::Versions;
use crate::support::{HeldHandler, assert_refused, assert_status, put, request_to, send_by_hand};

fn policy() -> WritePolicy {
    WritePolicy::required().exempt_creation()
}

/// All are there before the first one has created the target. The ones behind it are evaluated again under the lock.
#[test]
fn one_of_many_creates_it() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let versions = source.versions.clone();
        let service = ConditionalLayer::new(source)
            .writes(policy())
            .layer(handler.clone());
        let mut writers: Vec<_> = (0..20)
            .map(|_| send_by_hand(&service, put("/new")))
            .collect();
        for writer in &mut writers {
            writer.assert_waits();
        }
        assert_eq!(handler.calls(), 1);
        versions.changed("/new");
        handler.answer(0, 201);
        let mut answers = writers.into_iter().map(|mut writer| writer.ready());
        assert_status(answers.next().unwrap(), 201);
        for answer in answers {
            assert_refused(answer, 428, "missing");
        }
        assert_eq!(handler.calls(), 1);
    }
}

/// The handler learns that there was nothing, for its `INSERT`.
#[test]
fn the_handler_learns_that_it_creates() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source)
            .writes(policy())
            .layer(handler.clone());
        for (call, method) in ["PUT", "PATCH", "DELETE"].into_iter().enumerate() {
            let mut writer = send_by_hand(&service, request_to(method, "/new", &[]));
            writer.assert_waits();
            assert_eq!(handler.checked(call).existed(), Some(false));
            handler.answer(call, 404);
            assert_status(writer.ready(), 404);
        }
    }
}
