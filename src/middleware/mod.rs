//! The layer: it looks up the current state, has the preconditions evaluated, and carries out the decision.

mod checked;
mod detached;
mod evaluation;
mod future;
mod layer;
mod loaded;
mod observe;
mod on_response;
mod oneshot;
mod options;
mod policy;
mod prefer;
mod read;
mod recovery;
mod refuse;
mod request;
mod request_body;
mod service;
mod take_lock;
mod write;
mod write_rules;

pub use checked::{Checked, EvaluatedByHandler, NewVersion};
pub use evaluation::{Evaluation, Outcome, Phase};
pub use future::ResponseFuture;
pub use layer::ConditionalLayer;
pub use loaded::Loaded;
pub(crate) use loaded::LookedUp;
pub(crate) use options::Options;
pub use policy::WritePolicy;
pub use request_body::{CollectBody, CollectUpTo};
pub use service::Conditional;
