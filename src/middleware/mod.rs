//! The layer: it fetches what the server knows, asks for the judgement, and obeys. The only rooms that know async.

mod checked;
mod detached;
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

pub use checked::{Checked, EvaluatedByHandler, NewVersion};
pub use future::ResponseFuture;
pub use layer::ConditionalLayer;
pub use loaded::Loaded;
pub(crate) use loaded::LookedUp;
pub use observe::{Evaluation, Outcome, Phase};
pub use policy::WritePolicy;
pub use request_body::{CollectBody, CollectUpTo};
pub use service::Conditional;
