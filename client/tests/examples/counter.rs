// Included by the examples in `src`: a counter as JSON, guarded by tower-conditional.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::get;
use tower_conditional::{
    ConditionalLayer, EntityTag, Found, Loaded, SourceError, WritePolicy, source_fn,
};

type Db = Arc<Mutex<(u32, String)>>;

/// `{"value":0}` under `/counter`.
pub(super) fn counter() -> axum::Router {
    let db: Db = Arc::new(Mutex::new((1, r#"{"value":0}"#.to_owned())));
    let source = source_fn(
        db.clone(),
        |_| Some(()),
        async |(), db: Db| {
            let (version, text) = db.lock().unwrap().clone();
            Ok::<_, SourceError>(
                Found::from(EntityTag::strong(version.to_string()).unwrap()).with(text),
            )
        },
    );
    let read = async |text: Loaded<String>| text.into_inner();
    let save = async |State(db): State<Db>, text: String| {
        let mut db = db.lock().unwrap();
        *db = (db.0 + 1, text);
    };
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    axum::Router::new()
        .route("/counter", get(read).put(save).route_layer(layer))
        .with_state(db)
}
