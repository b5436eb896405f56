//! Adaptors: sources that change one method of another source.

use std::fmt;

use super::ValidatorSource;
use crate::lock::{KeyBuf, ResourceKey};

/// Forwards the methods that an adaptor does not change. It must contain every method of the trait with a default that the
/// adaptors do not implement themselves: a missing one would silently use the default.
macro_rules! forward_to_source {
    (|$this:ident| $source:expr) => {
        $crate::source::adaptors::forward_to_source!(but_lock | $this | $source);

        fn kind(&self, resource: &Self::Resource) -> &'static str {
            let $this = self;
            $source.kind(resource)
        }

        fn is_named(&self) -> bool {
            let $this = self;
            $source.is_named()
        }

        fn lock_key(&self, resource: &Self::Resource, key: &mut $crate::lock::KeyBuf) {
            let $this = self;
            $source.lock_key(resource, key);
        }
    };
    (but_lock |$this:ident| $source:expr) => {
        fn looks_up(&self) -> bool {
            let $this = self;
            $source.looks_up()
        }

        fn reads_bodies(&self) -> bool {
            let $this = self;
            $source.reads_bodies()
        }

        fn looks_up_reads(&self, method: &http::Method) -> bool {
            let $this = self;
            $source.looks_up_reads(method)
        }

        fn looks_up_reads_of(&self, resource: &Self::Resource, method: &http::Method) -> bool {
            let $this = self;
            $source.looks_up_reads_of(resource, method)
        }

        fn identify_now(
            &self,
            head: &mut http::request::Parts,
        ) -> Option<Result<Self::Resource, $crate::source::Unidentified>> {
            let $this = self;
            $source.identify_now(head)
        }

        async fn identify(
            &self,
            head: &mut http::request::Parts,
        ) -> Result<Self::Resource, $crate::source::Unidentified> {
            let $this = self;
            $source.identify(head).await
        }

        fn known(&self, resource: &Self::Resource) -> Option<$crate::source::Found> {
            let $this = self;
            $source.known(resource)
        }

        async fn look_up(
            &self,
            resource: &Self::Resource,
        ) -> Result<$crate::source::Found, $crate::source::SourceError> {
            let $this = self;
            $source.look_up(resource).await
        }

        fn compute(&self, response: &http::response::Parts) -> Option<$crate::source::BodyTag> {
            let $this = self;
            $source.compute(response)
        }
    };
}

pub(super) use forward_to_source;

/// The source that [`ValidatorSource::named`] returns.
#[derive(Clone, Debug)]
pub struct Named<V> {
    source: V,
    kind: &'static str,
}

impl<V> Named<V> {
    pub(super) const fn new(source: V, kind: &'static str) -> Self {
        assert!(!kind.is_empty(), "the empty name is that of no kind");
        Self { source, kind }
    }
}

impl<V: ValidatorSource> ValidatorSource for Named<V> {
    type Resource = V::Resource;

    forward_to_source!(but_lock | this | this.source);

    fn kind(&self, _: &Self::Resource) -> &'static str {
        self.kind
    }

    fn is_named(&self) -> bool {
        true
    }

    fn lock_key(&self, resource: &Self::Resource, key: &mut KeyBuf) {
        self.source.lock_key(resource, key);
    }
}

/// The source that [`ValidatorSource::locked_by`] returns.
#[derive(Clone)]
pub struct LockedBy<V, F> {
    source: V,
    key: F,
}

impl<V, F> LockedBy<V, F> {
    pub(super) const fn new(source: V, key: F) -> Self {
        Self { source, key }
    }
}

impl<V: fmt::Debug, F> fmt::Debug for LockedBy<V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedBy")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<V, F, K> ValidatorSource for LockedBy<V, F>
where
    V: ValidatorSource,
    F: Fn(&V::Resource) -> K + Send + Sync + 'static,
    K: ResourceKey,
{
    type Resource = V::Resource;

    forward_to_source!(but_lock | this | this.source);

    fn kind(&self, resource: &Self::Resource) -> &'static str {
        self.source.kind(resource)
    }

    fn is_named(&self) -> bool {
        self.source.is_named()
    }

    fn lock_key(&self, resource: &Self::Resource, key: &mut KeyBuf) {
        (self.key)(resource).write_key(key);
    }
}
