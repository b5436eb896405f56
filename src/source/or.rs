//! A chain of two sources.

use http::{Method, request, response};

use super::{BodyTag, Found, SourceError, States, Unidentified, ValidatorSource};
use crate::lock::{KeyBuf, ResourceKey};

/// The source that [`ValidatorSource::or`] returns.
///
/// The second source identifies a resource if the first returns [`Unidentified::NotMine`]. It makes the tag of a response if
/// [`compute`](ValidatorSource::compute) of the first returns `None`.
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

/// A resource of the first source or of the second one.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_enums, reason = "there are two sources")]
pub enum Either<A, B> {
    /// The first source has identified it.
    First(A),
    /// The second source has.
    Second(B),
}

/// The key starts with the place in the chain, so that the keys of the two sources differ.
impl<A: ResourceKey, B: ResourceKey> ResourceKey for Either<A, B> {
    fn write_key(&self, key: &mut KeyBuf) {
        match self {
            Self::First(resource) => {
                key.push(b"first");
                resource.write_key(key);
            }
            Self::Second(resource) => {
                key.push(b"second");
                resource.write_key(key);
            }
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::First(resource), Self::First(other)) => resource.is_same(other),
            (Self::Second(resource), Self::Second(other)) => resource.is_same(other),
            _ => false,
        }
    }
}

impl<A: ValidatorSource, B: ValidatorSource> ValidatorSource for Or<A, B> {
    type Resource = Either<A::Resource, B::Resource>;

    fn looks_up(&self) -> bool {
        self.first.looks_up() || self.second.looks_up()
    }

    fn reads_bodies(&self) -> bool {
        self.first.reads_bodies() || self.second.reads_bodies()
    }

    fn looks_up_reads(&self, method: &Method) -> bool {
        self.first.looks_up_reads(method) || self.second.looks_up_reads(method)
    }

    fn looks_up_reads_of(&self, resource: &Self::Resource, method: &Method) -> bool {
        match resource {
            Either::First(resource) => self.first.looks_up_reads_of(resource, method),
            Either::Second(resource) => self.second.looks_up_reads_of(resource, method),
        }
    }

    fn identify_now(
        &self,
        head: &mut request::Parts,
    ) -> Option<Result<Self::Resource, Unidentified>> {
        match ask_now(&self.first, head)? {
            Err(Unidentified::NotMine) => {
                ask_now(&self.second, head).map(|resource| resource.map(Either::Second))
            }
            identified => Some(identified.map(Either::First)),
        }
    }

    async fn identify(&self, head: &mut request::Parts) -> Result<Self::Resource, Unidentified> {
        match ask(&self.first, head).await {
            Err(Unidentified::NotMine) => ask(&self.second, head).await.map(Either::Second),
            identified => identified.map(Either::First),
        }
    }

    fn known(&self, resource: &Self::Resource) -> Option<Found> {
        match resource {
            Either::First(resource) => self.first.known(resource),
            Either::Second(resource) => self.second.known(resource),
        }
    }

    async fn look_up(&self, resource: &Self::Resource) -> Result<Found, SourceError> {
        match resource {
            Either::First(resource) => self.first.look_up(resource).await,
            Either::Second(resource) => self.second.look_up(resource).await,
        }
    }

    fn kind(&self, resource: &Self::Resource) -> &'static str {
        match resource {
            Either::First(resource) => self.first.kind(resource),
            Either::Second(resource) => self.second.kind(resource),
        }
    }

    fn is_named(&self) -> bool {
        let is_named_or_computes = |named, looks_up: bool| named || !looks_up;
        is_named_or_computes(self.first.is_named(), self.first.looks_up())
            && is_named_or_computes(self.second.is_named(), self.second.looks_up())
    }

    fn lock_key(&self, resource: &Self::Resource, key: &mut KeyBuf) {
        match resource {
            Either::First(resource) => {
                if !self.first.is_named() {
                    key.push(b"first");
                }
                self.first.lock_key(resource, key);
            }
            Either::Second(resource) => {
                if !self.second.is_named() {
                    key.push(b"second");
                }
                self.second.lock_key(resource, key);
            }
        }
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        let tag = self.first.compute(response);
        tag.or_else(|| self.second.compute(response))
    }

    fn states(&self, method: &Method) -> States {
        chained(&self.first, method).or(chained(&self.second, method))
    }
}

/// What a source of a chain may find. A source that only computes identifies nothing, and its handlers state what it says.
fn chained<V: ValidatorSource>(source: &V, method: &Method) -> States {
    let states = source.states(method);
    if source.looks_up() {
        states
    } else {
        states.stated_by_response()
    }
}

/// As [`ValidatorSource::identify_now`]; a source that only computes identifies nothing.
fn ask_now<V: ValidatorSource>(
    source: &V,
    head: &mut request::Parts,
) -> Option<Result<V::Resource, Unidentified>> {
    if source.looks_up() {
        source.identify_now(head)
    } else {
        Some(Err(Unidentified::NotMine))
    }
}

async fn ask<V: ValidatorSource>(
    source: &V,
    head: &mut request::Parts,
) -> Result<V::Resource, Unidentified> {
    match ask_now(source, head) {
        Some(identified) => identified,
        None => source.identify(head).await,
    }
}
