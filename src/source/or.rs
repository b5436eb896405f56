//! A chain of two sources.

use http::{request, response};

use super::{Compute, SourceError, ValidatorSource};
use crate::Current;

/// What [`ValidatorSource::or`] returns: the second source answers where the first says [`Current::Unknown`], and
/// computes where the first only takes what the handler has set.
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A, B> Or<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: ValidatorSource, B: ValidatorSource> ValidatorSource for Or<A, B> {
    fn looks_up(&self) -> bool {
        self.first.looks_up() || self.second.looks_up()
    }

    fn reads_bodies(&self) -> bool {
        self.first.reads_bodies() || self.second.reads_bodies()
    }

    fn known(&self, head: &request::Parts) -> Option<Current> {
        match known(&self.first, head) {
            Some(Current::Unknown) => known(&self.second, head),
            answer => answer,
        }
    }

    async fn look_up(&self, head: &request::Parts) -> Result<Current, SourceError> {
        match look_up(&self.first, head).await? {
            Current::Unknown => look_up(&self.second, head).await,
            answer => Ok(answer),
        }
    }

    fn compute(&self, response: &response::Parts) -> Compute {
        match self.first.compute(response) {
            Compute::FromFields => self.second.compute(response),
            answer => answer,
        }
    }
}

/// A source that only computes knows nothing before the handler, and knows that at once.
pub(crate) fn known(source: &impl ValidatorSource, head: &request::Parts) -> Option<Current> {
    if source.looks_up() {
        source.known(head)
    } else {
        Some(Current::Unknown)
    }
}

async fn look_up(
    source: &impl ValidatorSource,
    head: &request::Parts,
) -> Result<Current, SourceError> {
    match known(source, head) {
        Some(current) => Ok(current),
        None => source.look_up(head).await,
    }
}
