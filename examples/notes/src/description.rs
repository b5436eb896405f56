//! What clients can know of the service before they send anything: the OpenAPI document at `/openapi.json`, and at `/api` a page
//! to read it and to try it.
//!
//! A handler says what it answers by itself. What the conditional layer reads and answers is added to that by the layer.

use axum::Router;
use tower_conditional::{BodyHash, ConditionalLayer};
use utoipa::openapi::{Object, OpenApi as Document, RefOr, Schema};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::REVALIDATE;
use crate::store::Change;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Notes",
        version = "1.0.0",
        description = "Notes in which a stale save is refused, not lost. Read a note, keep its ETag, and send it in If-Match with the change: \
                       if somebody else has saved meanwhile, the answer is 412, and nothing is changed.",
        contact(name = "The maintainers of tower-conditional", url = "https://docs.rs/tower-conditional"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This service")),
    components(schemas(Kind)),
    tags((name = "notes", description = "Notes, and the list of them."), (name = "edits", description = "Two edits of one note."))
)]
struct Notes;

/// The document, without paths.
pub(crate) fn of_the_service() -> Document {
    Notes::openapi()
}

/// Serves the document, and the page. Everything of the page comes from here.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(api: Document) -> Router<S> {
    let hashed = ConditionalLayer::new(BodyHash::strong().limit(8 * 1024 * 1024));
    let page = SwaggerUi::new("/api").url("/openapi.json", api);
    Router::from(page).route_layer(hashed.add_response_headers([REVALIDATE]))
}

/// What goes wrong (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Problem {
    title: String,
    status: u16,
    error: Kind,
    /// What happened, and what the client can do, for people.
    detail: String,
}

/// The kind of a problem, for programs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Kind {
    BadRequest,
    NotFound,
    TooLarge,
    Busy,
    Unavailable,
    OutcomeUnknown,
    Internal,
}

/// What a handler with a body answers if it cannot read the body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its responses are used")]
pub(crate) enum BadBody {
    /// The body is not what it should be.
    #[response(status = BAD_REQUEST, content_type = "application/problem+json")]
    NotJson(#[to_schema] Problem),
    /// The body is too long.
    #[response(status = PAYLOAD_TOO_LARGE, content_type = "application/problem+json")]
    TooLong(#[to_schema] Problem),
}

/// There is no such note.
#[derive(IntoResponses)]
#[response(status = NOT_FOUND, content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its response is used")]
pub(crate) struct Missing(#[to_schema] Problem);

/// The notes are busy, or the answer took too long: `error` says whether something may have been written.
#[derive(IntoResponses)]
#[response(status = SERVICE_UNAVAILABLE, content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its response is used")]
pub(crate) struct Busy(#[to_schema] Problem);

/// Something went wrong on the server.
#[derive(IntoResponses)]
#[response(status = INTERNAL_SERVER_ERROR, content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its response is used")]
pub(crate) struct Broken(#[to_schema] Problem);

/// A title, a body, or both.
impl PartialSchema for Change {
    fn schema() -> RefOr<Schema> {
        let text = || String::schema();
        let part = |name: &str, other: &str| {
            Object::builder()
                .property(name, text())
                .property(other, Option::<String>::schema())
                .required(name)
        };
        let any = utoipa::openapi::schema::AnyOf::builder();
        Schema::AnyOf(
            any.item(part("title", "body"))
                .item(part("body", "title"))
                .build(),
        )
        .into()
    }
}

impl ToSchema for Change {}
