//! The layer on the routes of `utoipa-axum`, together with its description.

use std::convert::Infallible;

use axum::body::Body;
use axum::routing::MethodRouter;
use utoipa::openapi::path::Paths;

use crate::middleware::{CollectBody, ConditionalLayer};
use crate::source::ValidatorSource;

impl<V: ValidatorSource, C: CollectBody<Body>> ConditionalLayer<V, C> {
    /// Puts the layer on the routes that `routes!` of `utoipa-axum` returns, as `route_layer` does, and adds its
    /// [description](crate::description) to their paths.
    ///
    /// ```
    /// use axum::Router;
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, WritePolicy};
    /// use utoipa_axum::{router::OpenApiRouter, routes};
    ///
    /// #[utoipa::path(get, path = "/notes/{id}", responses((status = OK, body = String)))]
    /// async fn read() -> &'static str { "a note" }
    ///
    /// #[utoipa::path(put, path = "/notes/{id}", responses((status = OK)))]
    /// async fn save() {}
    ///
    /// let guarded = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
    /// let (router, api) = OpenApiRouter::<()>::new()
    ///     .routes(guarded.apply_to(routes!(read, save)))
    ///     .split_for_parts();
    /// let save = api.paths.paths["/notes/{id}"].put.as_ref().unwrap();
    /// assert!(save.responses.responses.contains_key("412"));
    /// # let _: Router = router;
    /// ```
    #[doc(alias("OpenAPI", "OpenApiRouter", "route_layer"))]
    pub fn apply_to<S, Schemas>(
        self,
        (schemas, mut paths, methods): (Schemas, Paths, MethodRouter<S, Infallible>),
    ) -> (Schemas, Paths, MethodRouter<S, Infallible>)
    where
        S: Clone + 'static,
    {
        let description = self.describe();
        for path in paths.paths.values_mut() {
            description.add_to_path(path);
        }
        (schemas, paths, methods.route_layer(self))
    }
}
