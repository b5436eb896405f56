// Included by the recipes in `src/recipes`: sends a request to an axum router and gives back its answer.

pub(super) async fn ask<const N: usize>(
    app: &axum::Router,
    method: &str,
    path: &str,
    fields: [(&str, &str); N],
) -> http::Response<axum::body::Body> {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(name, value);
    }
    let request = request.body(axum::body::Body::from("text")).unwrap();
    tower::ServiceExt::oneshot(app.clone(), request).await.unwrap()
}

#[allow(dead_code, reason = "not every recipe looks at tags")]
pub(super) fn tag_of<B>(answer: &http::Response<B>) -> String {
    answer.headers()["etag"].to_str().unwrap().to_owned()
}
