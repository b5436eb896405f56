//! Adaptors: sources that change one method of another source.

use std::fmt;

use http::{Method, request};

use super::probe::{NeedsState, is_read};
use super::{Found, SourceError, States, Unidentified, ValidatorSource};
use crate::Current;
use crate::lock::{KeyBuf, ResourceKey};
use crate::representation::Absent;

/// Forwards the methods that an adaptor does not change. It must contain every method of the trait with a default that the
/// adaptors do not implement themselves: a missing one would silently use the default.
macro_rules! forward_to_source {
    (|$this:ident| $source:expr) => {
        $crate::source::adaptors::forward_to_source!(but_states | $this | $source);
        $crate::source::adaptors::forward_to_source!(states | $this | $source);
    };
    (but_states |$this:ident| $source:expr) => {
        $crate::source::adaptors::forward_to_source!(facts | $this | $source);
        $crate::source::adaptors::forward_to_source!(look_up | $this | $source);
        $crate::source::adaptors::forward_to_source!(lock | $this | $source);
    };
    (but_lock |$this:ident| $source:expr) => {
        $crate::source::adaptors::forward_to_source!(facts | $this | $source);
        $crate::source::adaptors::forward_to_source!(look_up | $this | $source);
        $crate::source::adaptors::forward_to_source!(states | $this | $source);
    };
    (states |$this:ident| $source:expr) => {
        fn states(&self, method: &http::Method) -> $crate::source::States {
            let $this = self;
            $source.states(method)
        }
    };
    (but_look_up |$this:ident| $source:expr) => {
        $crate::source::adaptors::forward_to_source!(facts | $this | $source);
        $crate::source::adaptors::forward_to_source!(lock | $this | $source);
    };
    (lock |$this:ident| $source:expr) => {
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
    (facts |$this:ident| $source:expr) => {
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

        fn compute(&self, response: &http::response::Parts) -> Option<$crate::source::BodyTag> {
            let $this = self;
            $source.compute(response)
        }
    };
    (look_up |$this:ident| $source:expr) => {
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

/// The source that [`ValidatorSource::update_only`] returns.
#[derive(Clone, Debug)]
pub struct UpdateOnly<V>(V);

impl<V> UpdateOnly<V> {
    pub(super) const fn new(source: V) -> Self {
        Self(source)
    }
}

impl<V: ValidatorSource> ValidatorSource for UpdateOnly<V> {
    type Resource = V::Resource;

    forward_to_source!(but_look_up | this | this.0);

    fn identify_now(
        &self,
        head: &mut request::Parts,
    ) -> Option<Result<Self::Resource, Unidentified>> {
        let asks = ask_for_state(head);
        let identified = self.0.identify_now(head);
        if !matches!(identified, Some(Ok(_))) {
            asks.take_back(head);
        }
        identified
    }

    async fn identify(&self, head: &mut request::Parts) -> Result<Self::Resource, Unidentified> {
        let asks = ask_for_state(head);
        let identified = self.0.identify(head).await;
        if identified.is_err() {
            asks.take_back(head);
        }
        identified
    }

    fn known(&self, resource: &Self::Resource) -> Option<Found> {
        self.0.known(resource).map(never_created)
    }

    async fn look_up(&self, resource: &Self::Resource) -> Result<Found, SourceError> {
        self.0.look_up(resource).await.map(never_created)
    }

    fn states(&self, method: &Method) -> States {
        self.0
            .states(method)
            .map(|current| never_created(current.into()).current)
    }
}

/// The source that [`ValidatorSource::stating`] returns.
#[derive(Clone)]
pub struct Stating<V, F> {
    source: V,
    states: F,
}

impl<V, F> Stating<V, F> {
    pub(super) const fn new(source: V, states: F) -> Self {
        Self { source, states }
    }
}

impl<V: fmt::Debug, F> fmt::Debug for Stating<V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stating")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<V, F> ValidatorSource for Stating<V, F>
where
    V: ValidatorSource,
    F: Fn(&Method) -> States + Send + Sync + 'static,
{
    type Resource = V::Resource;

    forward_to_source!(but_states | this | this.source);

    fn states(&self, method: &Method) -> States {
        (self.states)(method)
    }
}

/// Whether this adaptor has set the mark [`NeedsState`].
struct Asks(bool);

impl Asks {
    /// Another source of a chain may identify the request.
    fn take_back(self, head: &mut request::Parts) {
        if self.0 {
            head.extensions.remove::<NeedsState>();
        }
    }
}

/// A write is probed also without preconditions, because nobody else would find that its target is missing.
fn ask_for_state(head: &mut request::Parts) -> Asks {
    let asks = !is_read(&head.method) && head.extensions.get::<NeedsState>().is_none();
    if asks {
        head.extensions.insert(NeedsState);
    }
    Asks(asks)
}

/// No request creates the target, whatever its method.
fn never_created(mut found: Found) -> Found {
    if let Current::Absent(absent @ Absent::ByMethod) = &mut found.current {
        *absent = Absent::WillFail;
    }
    found
}

#[cfg(test)]
mod tests {
    /// The names of the functions in this text; examples are comments.
    fn methods(text: &str) -> Vec<&str> {
        text.lines()
            .map(|line| line.trim_start().trim_start_matches("async "))
            .filter_map(|line| line.strip_prefix("fn ")?.split(['(', '<']).next())
            .collect()
    }

    /// What stands between two marks of a text.
    fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
        let (_, rest) = text.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    /// A method that is not forwarded would silently be the default one.
    #[test]
    fn every_method_of_the_trait_is_forwarded() {
        const ADAPTORS: [&str; 7] = [
            "named",
            "locked_by",
            "update_only",
            "stating",
            "or",
            "or_delegate",
            "boxed",
        ];
        let of_trait = between(include_str!("mod.rs"), "pub trait ValidatorSource", "\n}");
        let of_trait: Vec<_> = methods(of_trait)
            .into_iter()
            .filter(|name| !ADAPTORS.contains(name))
            .collect();
        assert_eq!(of_trait.len(), 13, "{of_trait:?}");
        let forwarded = between(
            include_str!("adaptors.rs"),
            "macro_rules!",
            "pub(super) use",
        );
        let or = between(
            include_str!("or.rs"),
            "ValidatorSource for Or<A, B> {",
            "\n}",
        );
        let boxed = between(
            include_str!("boxed.rs"),
            "ValidatorSource for BoxSource {",
            "\n}",
        );
        for (name, text) in [("the macro", forwarded), ("Or", or), ("BoxSource", boxed)] {
            let mut forwarded = methods(text);
            let mut expected = of_trait.clone();
            forwarded.sort_unstable();
            expected.sort_unstable();
            assert_eq!(forwarded, expected, "{name}");
        }
    }
}
