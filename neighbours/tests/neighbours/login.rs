//! axum-login: strangers get its answer and learn nothing, and each user has the tag of what that user sees.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use axum_login::tower_sessions::{MemoryStore, SessionManagerLayer};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId, login_required};
use http::{Request, StatusCode};
use tower::ServiceExt;
use tower_conditional::extract::extractor_source;
use tower_conditional::{ConditionalLayer, Found, SourceError, WritePolicy};

#[derive(Clone, Debug)]
struct User(i64);

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"a hash"
    }
}

#[derive(Clone)]
struct Users;

impl AuthnBackend for Users {
    type User = User;
    type Credentials = i64;
    type Error = Infallible;

    async fn authenticate(&self, id: i64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(id)))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(User(*id)))
    }
}

type Session = axum_login::AuthSession<Users>;

async fn log_in(Path(id): Path<i64>, mut session: Session) {
    session.login(&User(id)).await.unwrap();
}

fn app() -> Router {
    // The user is a part of the resource: another one sees another version. Strangers do not get here.
    let user = |session: Session, Path(id): Path<i64>| {
        let user = session.user.map_or(0, |user| user.0);
        (user, id)
    };
    let version = async |(user, _id): (i64, i64), ()| Ok::<_, SourceError>(Found::version(user));
    let source = extractor_source((), user, version);
    let guarded = ConditionalLayer::new(source).writes(WritePolicy::required());
    let note = get(async || "a note").put(async || StatusCode::NO_CONTENT);
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    Router::new()
        .route("/notes/{id}", note.route_layer(guarded))
        .route_layer(login_required!(Users, login_url = "/login"))
        .route("/login/{id}", post(log_in))
        .layer(AuthManagerLayerBuilder::new(Users, sessions).build())
}

async fn send(
    app: &Router,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> http::Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn axum_login() {
    let app = app();
    for fields in [&[][..], &[("if-none-match", "*")], &[("if-match", "\"1\"")]] {
        for method in ["GET", "PUT"] {
            let stranger = send(&app, method, "/notes/1", fields).await;
            assert_eq!(stranger.status(), 307, "{method} {fields:?}");
            assert!(!stranger.headers().contains_key("etag"));
        }
    }
    for user in ["1", "2"] {
        let tag = format!("\"{user}\"");
        let entered = send(&app, "POST", &format!("/login/{user}"), &[]).await;
        let cookie = entered.headers()["set-cookie"].to_str().unwrap();
        let cookie = ("cookie", cookie.split(';').next().unwrap());
        let read = send(&app, "GET", "/notes/1", &[cookie]).await;
        assert_eq!(
            (read.status().as_u16(), read.headers()["etag"].as_bytes()),
            (200, tag.as_bytes())
        );
        let known = [cookie, ("if-none-match", &*tag)];
        assert_eq!(send(&app, "GET", "/notes/1", &known).await.status(), 304);
        assert_eq!(send(&app, "PUT", "/notes/1", &[cookie]).await.status(), 428);
        let saved = send(&app, "PUT", "/notes/1", &[cookie, ("if-match", &*tag)]).await;
        assert_eq!(saved.status(), 204);
    }
}
