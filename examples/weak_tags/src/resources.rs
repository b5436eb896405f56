//! The handlers of all three interfaces: they differ in their paths, their members and their errors.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{self, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;
use tower_conditional::{
    Checked, ConditionalLayer, Loaded, PreconditionFailed, Refusal, WritePolicy,
};

use crate::store::{Store, Stored, source};

/// What a standard says of its resources.
pub(crate) struct Standard {
    pub(crate) collection: &'static str,
    /// The path of one resource, with one parameter at its end.
    pub(crate) member: &'static str,
    pub(crate) media_type: &'static str,
    /// The id in the last segment of a path.
    pub(crate) id_in: fn(&str) -> Option<&str>,
    /// What a client gets of a resource: its content, its id and its version.
    pub(crate) shown: fn(&Stored) -> Value,
    /// The content of an error.
    pub(crate) error: fn(u16, &str) -> Value,
}

/// The resources of one standard.
#[derive(Clone)]
struct Api {
    store: Store,
    standard: &'static Standard,
}

pub(crate) fn router(standard: &'static Standard) -> Router {
    let store = Store::default();
    let layer = ConditionalLayer::new(source(store.clone(), standard.id_in))
        .writes(WritePolicy::required())
        .send_weak_tags()
        .refuse_with(|refusal| refused(standard, refusal));
    let member = get(read).put(replace).patch(merge).delete(remove);
    Router::new()
        .route(standard.collection, post(create))
        .route(standard.member, member.route_layer(layer))
        .with_state(Api { store, standard })
}

async fn create(State(api): State<Api>, content: Bytes) -> Response {
    match object(&content) {
        Some(content) => api.tagged(201, &api.store.create(content)),
        None => api.not_json(),
    }
}

async fn read(State(api): State<Api>, stored: Option<Loaded<Stored>>) -> Response {
    match stored {
        Some(stored) => api.shown(200, &stored.into_inner()),
        None => api.not_found(),
    }
}

async fn replace(
    State(api): State<Api>,
    stored: Option<Loaded<Stored>>,
    checked: Checked,
    content: Bytes,
) -> Result<Response, PreconditionFailed> {
    api.change(stored, &checked, &content, |_, content| content)
}

/// The members that are sent take the place of those that are there.
async fn merge(
    State(api): State<Api>,
    stored: Option<Loaded<Stored>>,
    checked: Checked,
    content: Bytes,
) -> Result<Response, PreconditionFailed> {
    api.change(stored, &checked, &content, |mut old, content| {
        if let (Value::Object(old), Value::Object(new)) = (&mut old, content) {
            old.extend(new);
        }
        old
    })
}

async fn remove(
    State(api): State<Api>,
    stored: Option<Loaded<Stored>>,
    checked: Checked,
) -> Result<Response, PreconditionFailed> {
    let Some(stored) = stored else {
        return Ok(api.not_found());
    };
    api.store.remove(&stored.id, &checked)?;
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}

impl Api {
    /// All three standards want the resource, or at least its new tag, in the answer.
    fn change(
        &self,
        stored: Option<Loaded<Stored>>,
        checked: &Checked,
        content: &[u8],
        change: impl FnOnce(Value, Value) -> Value,
    ) -> Result<Response, PreconditionFailed> {
        let Some(stored) = stored else {
            return Ok(self.not_found());
        };
        let Some(content) = object(content) else {
            return Ok(self.not_json());
        };
        let changed = self
            .store
            .change(&stored.id, checked, |old| change(old, content))?;
        Ok(self.tagged(200, &changed))
    }

    /// With the tag that the layer does not know yet. It is strong here, and weak when it leaves the layer.
    ///
    /// RFC 9110, section 9.3.4, has no tag in the answer to a PUT unless the content was stored byte for byte. FHIR asks for it.
    fn tagged(&self, status: u16, stored: &Stored) -> Response {
        let mut answer = self.shown(status, stored);
        // A collection has no layer.
        let tag = if status == 201 {
            stored.tag().to_weak()
        } else {
            stored.tag()
        };
        answer.headers_mut().insert(ETAG, tag.into());
        answer
    }

    fn shown(&self, status: u16, stored: &Stored) -> Response {
        answer(self.standard, status, &(self.standard.shown)(stored)).map(Body::from)
    }

    fn not_found(&self) -> Response {
        self.error(404, "There is no such resource.")
    }

    fn not_json(&self) -> Response {
        self.error(400, "The content is not a JSON object.")
    }

    fn error(&self, status: u16, detail: &str) -> Response {
        answer(
            self.standard,
            status,
            &(self.standard.error)(status, detail),
        )
        .map(Body::from)
    }
}

/// The layer's refusal in the form of the standard.
fn refused(standard: &Standard, refusal: &Refusal) -> http::Response<Bytes> {
    let status = refusal.status().as_u16();
    let mut answer = answer(
        standard,
        status,
        &(standard.error)(status, refusal.detail()),
    );
    // Cache-Control, and Retry-After of a 503.
    answer
        .headers_mut()
        .extend(refusal.to_terse().headers().clone());
    answer
}

fn answer(standard: &Standard, status: u16, content: &Value) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::from(content.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let media_type = HeaderValue::from_static(standard.media_type);
    answer.headers_mut().insert(CONTENT_TYPE, media_type);
    answer
}

fn object(content: &[u8]) -> Option<Value> {
    serde_json::from_slice(content)
        .ok()
        .filter(Value::is_object)
}
