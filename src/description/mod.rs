//! What the layer does with the requests of a route: for a description of the interface, from which clients are generated.
//!
//! A client that is generated from a description sends the headers that the description has. If-Match is not among them if
//! only the layer knows of it. A [`Description`] says it, for each method of a route: which conditional headers are evaluated
//! and which are required, which responses the layer makes, with which headers, and the members of their problem details with
//! every value that they can have.
//!
//! It is not written down, but tried: every kind of conditional request is sent through a copy of the layer, over every kind of
//! state that the [source may find](crate::source::States). So it lists what the layer does, under its policy, and nothing
//! else. What the handlers, the extractors of a source and the layers outside do by themselves is not a part of it.
//!
//! With the feature `utoipa` it is added to an OpenAPI document: see [`Description`].
//!
//! # Examples
//!
//! ```
//! use http::Method;
//! use tower_conditional::source::{Fixed, States};
//! use tower_conditional::{ConditionalLayer, EntityTag, ValidatorSource, WritePolicy};
//!
//! let source = Fixed::new(EntityTag::from_version(7)).stating(|_method| States::versions());
//! let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
//!
//! let delete = layer.describe().of(&Method::DELETE);
//! let if_match = &delete.fields()[0];
//! assert_eq!((if_match.field().as_str(), if_match.is_required()), ("If-Match", true));
//!
//! let statuses: Vec<_> = delete.responses().iter().map(|response| response.status().as_u16()).collect();
//! assert_eq!(statuses, [400, 412, 428, 503]);
//! let reasons: Vec<_> = delete.response(428).unwrap().refusals().iter().map(|refusal| refusal.reason().as_str()).collect();
//! assert_eq!(reasons, ["missing", "inapplicable"]);
//! ```

mod method;
#[cfg(feature = "utoipa")]
mod openapi;
mod rehearsal;
#[cfg(all(feature = "axum", feature = "utoipa"))]
mod routes;

use std::fmt;
use std::sync::Arc;

use http::Method;

pub use method::{DescribedField, DescribedMember, DescribedMethod, DescribedResponse};
use rehearsal::Asked;

use crate::middleware::{ConditionalLayer, Options};
use crate::source::{States, ValidatorSource};

/// What a layer does with the requests of its route, as [`ConditionalLayer::describe`] returns it.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use tower_conditional::{BodyHash, ConditionalLayer};
///
/// let description = ConditionalLayer::new(BodyHash::strong()).describe();
/// assert!(description.of(&Method::GET).response(304).is_some());
/// assert!(description.of(&Method::PUT).responses().is_empty()); // it only computes: writes pass
/// ```
#[derive(Clone)]
pub struct Description {
    options: Arc<Options>,
    looks_up_reads: Arc<dyn Fn(&Method) -> bool + Send + Sync>,
    states: Arc<dyn Fn(&Method) -> States + Send + Sync>,
    serves_ranges: bool,
}

impl<V: ValidatorSource, C> ConditionalLayer<V, C> {
    /// Describes what this layer does with the requests of its route.
    ///
    /// Of the application's functions it calls those of [`classify`](Self::classify), [`refuse_with`](Self::refuse_with) and
    /// the source's [`states`](ValidatorSource::states), and no other.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, WritePolicy};
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
    /// assert!(layer.describe().of(&Method::PUT).response(428).is_some());
    /// ```
    #[doc(alias("OpenAPI", "Swagger"))]
    #[must_use]
    pub fn describe(&self) -> Description {
        let (source, options) = self.parts();
        let (reads, states) = (source.clone(), source.clone());
        Description {
            options: options.clone(),
            looks_up_reads: Arc::new(move |method| reads.looks_up_reads(method)),
            states: Arc::new(move |method| states.states(method)),
            serves_ranges: false,
        }
    }
}

impl Description {
    /// States that the handler of a GET answers 206 to a Range. Without it If-Range, and the 503 of a part that does not fit to
    /// it, are not described.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::precondition::Field;
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// let description = ConditionalLayer::new(InMemoryVersions::new()).describe().include_ranges();
    /// let get = description.of(&Method::GET);
    /// assert!(get.fields().iter().any(|read| read.field() == Field::IfRange));
    /// ```
    #[must_use]
    pub const fn include_ranges(mut self) -> Self {
        self.serves_ranges = true;
        self
    }

    /// What the layer does with requests of this method. It takes some thousand evaluations: call it once.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// let description = ConditionalLayer::new(InMemoryVersions::new()).describe();
    /// for response in description.of(&Method::GET).responses() {
    ///     println!("{}: {}", response.status(), response.text());
    /// }
    /// ```
    #[must_use]
    pub fn of(&self, method: &Method) -> DescribedMethod {
        let asked = Asked {
            options: &self.options,
            looks_up_reads: (self.looks_up_reads)(method),
            states: (self.states)(method),
            serves_ranges: self.serves_ranges,
            method,
        };
        let class = self.options.class_of(method);
        let recovers = self.options.recovery.is_some();
        DescribedMethod::of(&asked.exchanges(), class, recovers)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("options", &self.options)
            .field("serves_ranges", &self.serves_ranges)
            .finish_non_exhaustive()
    }
}
