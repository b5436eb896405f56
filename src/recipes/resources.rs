//! What has a tag, and under which name it is locked.
//!
//! # A key for each tenant
//!
//! `/settings` is another resource for each tenant, and the path does not say so. The default key of the write lock
//! is the path: safe here, and slow, because all tenants wait for each other. A key with the tenant in it lets them
//! go side by side. The source and the key must mean the same resource, so both ask one function. It takes the path in
//! the normal form that the default key has: to a router `/%73ettings` is the same.
//!
//! ```
//! use axum::{Router, http::{HeaderName, request::Parts}, routing::get};
//! use tower_conditional::{ConditionalLayer, Representation, SourceError, WriteKey, WritePolicy, source_fn};
//! # use tower_conditional::{EntityTag, InMemoryVersions};
//!
//! const TENANT: HeaderName = HeaderName::from_static("x-tenant"); // as authentication has set it
//!
//! fn name_of(head: &Parts) -> String {
//!     let tenant = head.headers.get(TENANT).map_or("", |tenant| tenant.to_str().unwrap_or(""));
//!     let path = WriteKey::of_path(head.uri.path());
//!     format!("{tenant}:{}", String::from_utf8_lossy(path.as_bytes()))
//! }
//! # let name = |uri: &str| name_of(&http::Request::get(uri).body(()).unwrap().into_parts().0);
//! # assert_eq!(name("/settings"), name("/%73ettings"), "two spellings of one path");
//! # let versions = InMemoryVersions::new();
//! # versions.changed("a:/settings");
//! # versions.changed("b:/settings");
//! # let version_of = move |name: String| {
//! #     let tag: Option<EntityTag> = versions.tag(&name);
//! #     async move { Ok::<_, SourceError>(tag) }
//! # };
//!
//! let source = source_fn(move |head| {
//!     let found = version_of(name_of(head));
//!     async move {
//!         let tag = found.await?;
//!         Ok::<_, SourceError>(tag.map(|tag| Representation::tagged(tag).varying_on([TENANT])))
//!     }
//! });
//! let policy = WritePolicy::required().keys(|head| vec![WriteKey::new(name_of(head))]);
//! let layer = ConditionalLayer::new(source).writes(policy);
//! # let both = std::sync::Arc::new(tokio::sync::Barrier::new(2));
//! # let save = async move || { both.wait().await; };
//! # let read = async || "settings";
//! let app: Router = Router::new().route("/settings", get(read).put(save).route_layer(layer));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = |tenant, tag| ask(&app, "PUT", "/settings", [("x-tenant", tenant), ("if-match", tag)]);
//! #     // Each handler waits for the other: under one key neither would come to its end.
//! #     let both = async { tokio::join!(put("a", "\"1\""), put("b", "\"2\"")) };
//! #     let (a, b) = tokio::time::timeout(std::time::Duration::from_secs(10), both).await.unwrap();
//! #     assert_eq!((a.status().as_u16(), b.status().as_u16()), (200, 200));
//! #     assert_eq!(put("a", "\"2\"").await.status(), 412, "the tag of another tenant");
//! #     let read = ask(&app, "GET", "/settings", [("x-tenant", "a")]).await;
//! #     assert_eq!((tag_of(&read).as_str(), read.headers()["vary"].to_str().unwrap()), ("\"1\"", "x-tenant"));
//! # });
//! ```
//!
//! # Negotiated representations
//!
//! Each form of a resource needs a tag of its own, and the response says what it varied on. A PUT rarely repeats the
//! GET's Accept, so a write is guarded by the tag of *any* current representation.
//!
//! ```
//! use axum::{Router, http::header::ACCEPT, routing::get};
//! use tower_conditional::{ConditionalLayer, EntityTag, Representation, SourceError, WritePolicy, source_fn};
//!
//! fn current(version: u64, wants_turtle: bool) -> Representation {
//!     let tag = |form: &str| EntityTag::strong(format!("{version}-{form}")).expect("digits and letters");
//!     let (selected, other) = if wants_turtle { ("ttl", "json") } else { ("json", "ttl") };
//!     Representation::tagged(tag(selected)).other_tags([tag(other)]).varying_on([ACCEPT])
//! }
//! # async fn version_of(_path: &str) -> Result<Option<u64>, std::io::Error> { Ok(Some(7)) }
//! # async fn read() -> &'static str { "the graph" }
//! # async fn save() {}
//!
//! let source = source_fn(|head| {
//!     let path = head.uri.path().to_owned();
//!     let wants_turtle = head.headers.get(ACCEPT).is_some_and(|accept| accept == "text/turtle");
//!     async move {
//!         let version = version_of(&path).await?;
//!         Ok::<_, SourceError>(version.map(|version| current(version, wants_turtle)))
//!     }
//! });
//! let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/graph", get(read).put(save).route_layer(layer));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let turtle = ask(&app, "GET", "/graph", [("accept", "text/turtle")]).await;
//! #     assert_eq!((tag_of(&turtle).as_str(), &turtle.headers()["vary"]), ("\"7-ttl\"", &"accept".parse().unwrap()));
//! #     let json = [("if-none-match", "\"7-ttl\"")];
//! #     assert_eq!(ask(&app, "GET", "/graph", json).await.status(), 200, "another form is no 304");
//! #     let json = [("if-none-match", "\"7-json\"")];
//! #     assert_eq!(ask(&app, "GET", "/graph", json).await.status(), 304);
//! #     for (tag, status) in [("\"7-ttl\"", 200), ("\"7-json\"", 200), ("\"6-json\"", 412)] {
//! #         assert_eq!(ask(&app, "PUT", "/graph", [("if-match", tag)]).await.status(), status, "{tag}");
//! #     }
//! # });
//! ```
//!
//! Leave Last-Modified out: a date cannot tell forms apart.
//!
//! # Collections
//!
//! The tag of a list changes when any member does. `max(updated_at)` sees what was added or changed, `count(*)` what
//! was removed. Two changes within one tick of the clock look like one, so the tag is weak: it is good for a 304,
//! and no write can rest on it.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::{ConditionalLayer, EntityTag, SourceError, source_fn};
//!
//! /// `SELECT max(updated_at), count(*) FROM notes`; microseconds, and none for an empty list.
//! fn tag_of_list(updated_at: Option<i64>, count: i64) -> EntityTag {
//!     EntityTag::weak(format!("{}-{count}", updated_at.unwrap_or(0))).expect("digits")
//! }
//! # let state = std::sync::Arc::new(std::sync::Mutex::new((Some(1_700_000_000_000_000), 2)));
//! # let now = state.clone();
//! # let list_state = move || {
//! #     let state = *state.lock().unwrap();
//! #     async move { Ok::<_, SourceError>(state) }
//! # };
//!
//! let source = source_fn(move |_head| {
//!     let state = list_state();
//!     async move {
//!         let (updated_at, count) = state.await?;
//!         Ok::<_, SourceError>(tag_of_list(updated_at, count))
//!     }
//! });
//! # let list = async || "[]";
//! let app: Router = Router::new().route("/notes", get(list).route_layer(ConditionalLayer::new(source)));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let tag = tag_of(&ask(&app, "GET", "/notes", []).await);
//! #     let again = || ask(&app, "GET", "/notes", [("if-none-match", &tag)]);
//! #     assert_eq!(again().await.status(), 304);
//! #     *now.lock().unwrap() = (Some(1_700_000_000_000_000), 1);
//! #     assert_eq!(again().await.status(), 200, "one was removed");
//! #     *now.lock().unwrap() = (None, 0);
//! #     assert_eq!(again().await.status(), 200, "all were removed");
//! # });
//! ```
//!
//! Where writes are conditional on the list itself (a POST with If-Match), take the counter that all versions come
//! from: [`Epoch::version`](crate::Epoch::version) of it is a strong tag.
