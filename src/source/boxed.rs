//! A source whose type is erased.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Method, request, response};

use super::{BodyTag, Found, SourceError, States, Unidentified, ValidatorSource};
use crate::lock::{KeyBuf, ResourceKey};

/// A source whose type is erased, as [`ValidatorSource::boxed`] returns it. Clones share the source.
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

/// A resource of a [`BoxSource`].
pub struct BoxResource(Box<dyn ErasedResource>);

impl fmt::Debug for BoxResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxResource")
    }
}

impl ResourceKey for BoxResource {
    fn write_key(&self, key: &mut KeyBuf) {
        self.0.write_erased_key(key);
    }

    fn is_same(&self, other: &Self) -> bool {
        self.0.is_same_erased(other)
    }
}

impl ValidatorSource for BoxSource {
    type Resource = BoxResource;

    fn looks_up(&self) -> bool {
        self.0.looks_up()
    }

    fn reads_bodies(&self) -> bool {
        self.0.reads_bodies()
    }

    fn looks_up_reads(&self, method: &Method) -> bool {
        self.0.looks_up_reads(method)
    }

    fn looks_up_reads_of(&self, resource: &BoxResource, method: &Method) -> bool {
        self.0.looks_up_reads_of(resource, method)
    }

    fn identify_now(&self, head: &mut request::Parts) -> Option<Result<BoxResource, Unidentified>> {
        self.0.identify_now(head)
    }

    async fn identify(&self, head: &mut request::Parts) -> Result<BoxResource, Unidentified> {
        self.0.identify(head).await
    }

    fn known(&self, resource: &BoxResource) -> Option<Found> {
        self.0.known(resource)
    }

    async fn look_up(&self, resource: &BoxResource) -> Result<Found, SourceError> {
        self.0.look_up(resource).await
    }

    fn kind(&self, resource: &BoxResource) -> &'static str {
        self.0.kind(resource)
    }

    fn is_named(&self) -> bool {
        self.0.is_named()
    }

    fn lock_key(&self, resource: &BoxResource, key: &mut KeyBuf) {
        self.0.lock_key(resource, key);
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        self.0.compute(response)
    }

    fn states(&self, method: &Method) -> States {
        self.0.states(method)
    }
}

type Erased<'s, T> = Pin<Box<dyn Future<Output = T> + Send + 's>>;

/// [`ResourceKey`] in a form that can be a trait object and be downcast.
trait ErasedResource: Any + Send + Sync {
    fn write_erased_key(&self, key: &mut KeyBuf);
    fn is_same_erased(&self, other: &BoxResource) -> bool;
}

impl<R: ResourceKey> ErasedResource for R {
    fn write_erased_key(&self, key: &mut KeyBuf) {
        self.write_key(key);
    }

    fn is_same_erased(&self, other: &BoxResource) -> bool {
        unboxed(other).is_some_and(|other| self.is_same(other))
    }
}

fn boxed<R: ResourceKey>(resource: R) -> BoxResource {
    BoxResource(Box::new(resource))
}

/// The resource with its type. `None` if another source has made it, which only a wrong implementation of the trait does.
fn unboxed<R: ResourceKey>(resource: &BoxResource) -> Option<&R> {
    let resource: &dyn Any = &*resource.0;
    resource.downcast_ref()
}

/// [`ValidatorSource`] in a form that can be a trait object.
trait ErasedSource: Send + Sync {
    fn looks_up(&self) -> bool;
    fn reads_bodies(&self) -> bool;
    fn looks_up_reads(&self, method: &Method) -> bool;
    fn looks_up_reads_of(&self, resource: &BoxResource, method: &Method) -> bool;
    fn identify_now(&self, head: &mut request::Parts) -> Option<Result<BoxResource, Unidentified>>;
    fn identify<'s>(
        &'s self,
        head: &'s mut request::Parts,
    ) -> Erased<'s, Result<BoxResource, Unidentified>>;
    fn known(&self, resource: &BoxResource) -> Option<Found>;
    fn look_up<'s>(&'s self, resource: &'s BoxResource) -> Erased<'s, Result<Found, SourceError>>;
    fn kind(&self, resource: &BoxResource) -> &'static str;
    fn is_named(&self) -> bool;
    fn lock_key(&self, resource: &BoxResource, key: &mut KeyBuf);
    fn compute(&self, response: &response::Parts) -> Option<BodyTag>;
    fn states(&self, method: &Method) -> States;
}

impl<V: ValidatorSource> ErasedSource for V {
    fn looks_up(&self) -> bool {
        V::looks_up(self)
    }

    fn reads_bodies(&self) -> bool {
        V::reads_bodies(self)
    }

    fn looks_up_reads(&self, method: &Method) -> bool {
        V::looks_up_reads(self, method)
    }

    fn looks_up_reads_of(&self, resource: &BoxResource, method: &Method) -> bool {
        unboxed(resource).is_some_and(|resource| V::looks_up_reads_of(self, resource, method))
    }

    fn identify_now(&self, head: &mut request::Parts) -> Option<Result<BoxResource, Unidentified>> {
        Some(V::identify_now(self, head)?.map(boxed))
    }

    fn identify<'s>(
        &'s self,
        head: &'s mut request::Parts,
    ) -> Erased<'s, Result<BoxResource, Unidentified>> {
        Box::pin(async { V::identify(self, head).await.map(boxed) })
    }

    fn known(&self, resource: &BoxResource) -> Option<Found> {
        V::known(self, unboxed(resource)?)
    }

    fn look_up<'s>(&'s self, resource: &'s BoxResource) -> Erased<'s, Result<Found, SourceError>> {
        match unboxed(resource) {
            Some(resource) => Box::pin(V::look_up(self, resource)),
            None => Box::pin(async { Err(SourceError::failed("a resource of another source")) }),
        }
    }

    fn kind(&self, resource: &BoxResource) -> &'static str {
        unboxed(resource).map_or("", |resource| V::kind(self, resource))
    }

    fn is_named(&self) -> bool {
        V::is_named(self)
    }

    fn lock_key(&self, resource: &BoxResource, key: &mut KeyBuf) {
        if let Some(resource) = unboxed(resource) {
            V::lock_key(self, resource, key);
        }
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        V::compute(self, response)
    }

    fn states(&self, method: &Method) -> States {
        V::states(self, method)
    }
}
