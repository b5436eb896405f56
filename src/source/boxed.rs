//! A source whose type is erased.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{request, response};

use super::{Compute, SourceError, ValidatorSource};
use crate::Current;

/// What [`ValidatorSource::boxed`] returns: any source, with one type for all; clones share it.
#[derive(Clone)]
pub struct BoxSource(Arc<dyn ErasedSource>);

impl BoxSource {
    pub(super) fn new(source: impl ValidatorSource) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Debug for BoxSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxSource")
    }
}

impl ValidatorSource for BoxSource {
    fn looks_up(&self) -> bool {
        self.0.looks_up()
    }

    fn reads_bodies(&self) -> bool {
        self.0.reads_bodies()
    }

    fn known(&self, head: &request::Parts) -> Option<Current> {
        self.0.known(head)
    }

    async fn look_up(&self, head: &request::Parts) -> Result<Current, SourceError> {
        self.0.look_up(head).await
    }

    fn compute(&self, response: &response::Parts) -> Compute {
        self.0.compute(response)
    }
}

type LookUp<'s> = Pin<Box<dyn Future<Output = Result<Current, SourceError>> + Send + 's>>;

/// [`ValidatorSource`] in a form that can be a trait object.
trait ErasedSource: Send + Sync {
    fn looks_up(&self) -> bool;
    fn reads_bodies(&self) -> bool;
    fn known(&self, head: &request::Parts) -> Option<Current>;
    fn look_up<'s>(&'s self, head: &'s request::Parts) -> LookUp<'s>;
    fn compute(&self, response: &response::Parts) -> Compute;
}

impl<V: ValidatorSource> ErasedSource for V {
    fn looks_up(&self) -> bool {
        V::looks_up(self)
    }

    fn reads_bodies(&self) -> bool {
        V::reads_bodies(self)
    }

    fn known(&self, head: &request::Parts) -> Option<Current> {
        V::known(self, head)
    }

    fn look_up<'s>(&'s self, head: &'s request::Parts) -> LookUp<'s> {
        Box::pin(V::look_up(self, head))
    }

    fn compute(&self, response: &response::Parts) -> Compute {
        V::compute(self, response)
    }
}
