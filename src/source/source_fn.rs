//! A source made of a closure.

use std::fmt;
use std::future::Future;

use http::request::Parts;

use super::{SourceError, ValidatorSource};
use crate::Current;

/// Makes a source of a closure that looks the validators up.
///
/// The closure takes what it needs out of the head before its `async move`, because the head stays behind ("lifetime
/// may not live long enough" means that it did not), and says its error type with the `Ok`:
///
/// ```
/// use tower_conditional::{EntityTag, SourceError, source_fn};
///
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn version(&self, _: &str) -> Result<Option<u64>, std::io::Error> { Ok(None) } }
/// # let db = Db;
/// let source = source_fn(move |head| {
///     let (db, path) = (db.clone(), head.uri.path().to_owned());
///     async move {
///         let version = db.version(&path).await?;
///         Ok::<_, SourceError>(version.map(EntityTag::from_version))
///     }
/// });
/// # let _ = source;
/// ```
pub fn source_fn<F, Fut, C, E>(look_up: F) -> SourceFn<F>
where
    F: Fn(&Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Current>,
    E: Into<SourceError>,
{
    SourceFn(look_up)
}

/// What [`source_fn`] returns.
#[derive(Clone)]
pub struct SourceFn<F>(F);

impl<F> fmt::Debug for SourceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceFn")
            .field(&std::any::type_name::<F>())
            .finish()
    }
}

impl<F, Fut, C, E> ValidatorSource for SourceFn<F>
where
    F: Fn(&Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Current>,
    E: Into<SourceError>,
{
    fn look_up(&self, head: &Parts) -> impl Future<Output = Result<Current, SourceError>> + Send {
        let found = (self.0)(head);
        async move { found.await.map(Into::into).map_err(Into::into) }
    }
}
