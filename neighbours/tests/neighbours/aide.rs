//! The recipe for aide in `src/guide/openapi.md`, as it stands there: the layer's responses are in the document.

use aide::axum::ApiRouter;
use aide::axum::routing::put_with;
use aide::openapi::{OpenApi, Operation};
use aide::transform::TransformOperation;
use http::Method;
use serde_json::{Map, Value, json};
use tower_conditional::description::DescribedMethod;
use tower_conditional::precondition::MemberValue;

use crate::support::layer;

const PAGE: &str = include_str!("../../../src/guide/openapi.md");

// What follows stands in the page.
#[rustfmt::skip]
/// The parameters and the responses, as OpenAPI 3.1 writes them.
fn openapi(method: &DescribedMethod) -> Value {
    let parameter = |read: &tower_conditional::description::DescribedField| json!({
        "name": read.field().as_str(), "in": "header", "required": read.is_required(),
        "description": read.text(), "schema": { "type": "string" },
    });
    let response = |response: &tower_conditional::description::DescribedResponse| {
        let members = response.members().into_iter().map(|member| {
            let value = |value: &MemberValue| match *value {
                MemberValue::Text(text) => json!(text),
                MemberValue::Number(number) => json!(number),
            };
            let values: Vec<_> = member.values().iter().map(value).collect();
            let schema = if values.is_empty() { json!({ "type": "string" }) } else { json!({ "enum": values }) };
            (member.name().to_owned(), schema)
        });
        let properties: Map<String, Value> = members.collect();
        let headers = response.headers().keys().map(|name| (name.to_string(), json!({ "schema": { "type": "string" } })));
        let mut described = json!({ "description": response.text(), "headers": headers.collect::<Map<_, _>>() });
        if let Some(kind) = response.content_type() {
            let schema = json!({ "type": "object", "properties": properties });
            described["content"] = json!({ kind.to_str().unwrap(): { "schema": schema } });
        }
        (response.status().as_str().to_owned(), described)
    };
    json!({
        "parameters": method.fields().iter().map(parameter).collect::<Vec<_>>(),
        "responses": method.responses().iter().map(response).collect::<Map<_, _>>(),
    })
}
// end

// What follows stands in the page.
#[rustfmt::skip]
fn describe<'o>(mut operation: TransformOperation<'o>, method: &DescribedMethod) -> TransformOperation<'o> {
    let described: Operation = serde_json::from_value(openapi(method)).unwrap();
    let known = operation.inner_mut();
    known.parameters.extend(described.parameters);
    let responses = &mut known.responses.get_or_insert_default().responses;
    responses.extend(described.responses.unwrap_or_default().responses);
    operation
}
// end

#[test]
fn the_page_has_these_functions() {
    let blocks =
        include_str!("aide.rs").split("// What follows stands in the page.\n#[rustfmt::skip]\n");
    let mut found = 0;
    for block in blocks
        .skip(1)
        .filter_map(|rest| rest.split_once("// end\n"))
    {
        assert!(PAGE.contains(block.0), "{}", block.0);
        found += 1;
    }
    assert_eq!(found, 2);
}

#[test]
fn aide() {
    let description = layer().describe();
    let mut api = OpenApi::default();
    let save = put_with(
        async || (),
        |operation| describe(operation, &description.of(&Method::PUT)),
    );
    let _: axum::Router = ApiRouter::new()
        .api_route("/note", save)
        .finish_api(&mut api);
    let put = &serde_json::to_value(api).unwrap()["paths"]["/note"]["put"];
    assert_eq!(put["parameters"][0]["name"], "If-Match");
    for status in ["400", "412", "428", "503"] {
        let problem = &put["responses"][status]["content"]["application/problem+json"];
        assert!(
            problem["schema"]["properties"]["reason"]["enum"].is_array(),
            "{status}: {put}"
        );
    }
}
