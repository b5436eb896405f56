//! The description in an OpenAPI document.

use serde_json::{Value, json, to_value};
use tower_conditional::source::{Fixed, States};
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, PreconditionFailed, Refusal, ValidatorSource, WritePolicy,
};
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::{Content, HttpMethod, OpenApi, Ref, RefOr, Response, Schema};
use utoipa::{IntoResponses, Modify, PartialSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

fn layer() -> ConditionalLayer<impl ValidatorSource> {
    let source = Fixed::new(Current::Unknown).stating(|_| States::versions());
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

/// The path with these operations, described.
fn described(operations: impl IntoIterator<Item = (HttpMethod, Operation)>) -> Value {
    let mut path = PathItem::default();
    for (method, operation) in operations {
        path.merge_operations(PathItem::new(method, operation));
    }
    layer().describe().add_to_path(&mut path);
    to_value(&path).unwrap()
}

fn operation(status: &str, response: impl Into<RefOr<Response>>) -> Operation {
    let mut operation = Operation::new();
    operation
        .responses
        .responses
        .insert(status.to_owned(), response.into());
    operation
}

fn problem_of(name: &str) -> Response {
    let mut response = Response::new("The body is no note.");
    let content = Content::new(Some(Ref::from_schema_name(name)));
    response
        .content
        .insert("application/problem+json".to_owned(), RefOr::T(content));
    response
}

#[test]
fn an_operation_gets_what_the_layer_reads_and_answers() {
    let path = described([
        (HttpMethod::Get, operation("200", Response::new("A note."))),
        (HttpMethod::Delete, Operation::new()),
    ]);
    let get = &path["get"];
    assert!(
        get["responses"]["200"]["headers"]["ETag"].is_object(),
        "{get}"
    );
    assert!(get["responses"]["304"]["content"].is_null(), "{get}");
    let delete = &path["delete"];
    let if_match = &delete["parameters"][0];
    assert_eq!(
        (&if_match["name"], &if_match["in"], &if_match["required"]),
        (&json!("If-Match"), &json!("header"), &json!(true))
    );
    let statuses: Vec<_> = delete["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["400", "412", "428", "503"]);
    let failed = &delete["responses"]["412"]["content"]["application/problem+json"];
    let members = &failed["schema"]["properties"];
    assert_eq!(members["error"]["enum"], json!(["precondition_failed"]));
    assert_eq!(members["status"], json!({"type": "integer", "enum": [412]}));
    assert_eq!(
        members["reason"]["enum"],
        json!(["weak_tag", "rewritten_tag", "stale", "exists"])
    );
    assert_eq!(members["detail"], json!({"type": "string"}));
    assert_eq!(
        failed["examples"]["If-Match stale"]["value"]["reason"],
        "stale"
    );
    assert_eq!(
        delete["responses"]["503"]["headers"]["Retry-After"]["schema"]["type"],
        "integer"
    );
}

/// A status that the handler answers with as well has both schemas, and what an operation has already stays.
#[test]
fn what_is_there_stays() {
    let mut put = operation("400", problem_of("Problem"));
    let mut own = Parameter::new("if-match");
    own.parameter_in = utoipa::openapi::path::ParameterIn::Header;
    own.description = Some("ours".to_owned());
    put.parameters = Some(vec![RefOr::T(own)]);
    put.responses
        .responses
        .insert("412".to_owned(), Ref::from_response_name("Failed").into());
    let put = &described([(HttpMethod::Put, put)])["put"];
    let names: Vec<_> = put["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["if-match", "If-None-Match"]);
    let malformed = &put["responses"]["400"];
    let either = malformed["content"]["application/problem+json"]["schema"]["anyOf"]
        .as_array()
        .unwrap();
    assert_eq!(either[0], json!({"$ref": "#/components/schemas/Problem"}));
    assert_eq!(
        either[1]["properties"]["error"]["enum"],
        json!(["precondition_malformed"])
    );
    let text = malformed["description"].as_str().unwrap();
    assert!(
        text.starts_with("The body is no note. A conditional header"),
        "{text}"
    );
    assert_eq!(
        put["responses"]["412"],
        json!({"$ref": "#/components/responses/Failed"})
    );
}

/// A second layer, or the same one described twice, adds nothing that is there.
#[test]
fn described_twice_is_described_once() {
    let mut path = PathItem::new(HttpMethod::Put, Operation::new());
    let description = layer().describe();
    description.add_to_path(&mut path);
    let once = to_value(&path).unwrap();
    description.add_to_path(&mut path);
    assert_eq!(to_value(&path).unwrap(), once);
}

#[test]
fn a_206_says_that_ranges_are_served() {
    let mut get = operation("200", Response::new("All of it."));
    get.responses
        .responses
        .insert("206".to_owned(), RefOr::T(Response::new("A part.")));
    let get = &described([(HttpMethod::Get, get)])["get"];
    let names: Vec<_> = get["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["If-Match", "If-None-Match", "If-Range"]);
    assert!(get["responses"]["206"]["headers"]["ETag"].is_object());
}

/// A 412 may carry what a GET gets.
#[test]
fn a_412_with_the_representation_is_described() {
    let reader = tower::service_fn(async |_| {
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::new()))
    });
    let mut ok = Response::new("A note.");
    ok.content.insert(
        "application/json".to_owned(),
        RefOr::T(Content::new(Some(Ref::from_schema_name("Note")))),
    );
    let mut path = PathItem::new(HttpMethod::Get, operation("200", ok));
    path.merge_operations(PathItem::new(HttpMethod::Put, Operation::new()));
    layer()
        .recover_with(reader)
        .describe()
        .add_to_path(&mut path);
    let put = to_value(&path).unwrap()["put"].clone();
    let failed = &put["responses"]["412"];
    assert_eq!(
        failed["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Note"
    );
    for name in ["ETag", "Vary", "Preference-Applied", "Content-Location"] {
        assert!(failed["headers"][name].is_object(), "{name}: {failed}");
    }
    assert!(
        put["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "Prefer")
    );
}

#[test]
fn a_whole_document_is_described() {
    let mut api = OpenApi::default();
    for path in ["/notes", "/notes/{id}"] {
        api.paths.paths.insert(
            path.to_owned(),
            PathItem::new(HttpMethod::Get, operation("200", Response::new(""))),
        );
    }
    layer().describe().modify(&mut api);
    for path in api.paths.paths.values() {
        assert!(
            path.get
                .as_ref()
                .unwrap()
                .responses
                .responses
                .contains_key("304")
        );
    }
}

#[utoipa::path(get, path = "/notes/{id}", responses((status = OK, body = String)))]
async fn read() -> &'static str {
    "a note"
}

#[utoipa::path(put, path = "/notes/{id}", responses((status = OK)))]
async fn save() {}

/// One line puts the layer on the routes and into the document.
#[tokio::test]
async fn routes_get_the_layer_and_its_description() {
    let guarded = ConditionalLayer::new(Fixed::new(EntityTag::from_version(7)))
        .writes(WritePolicy::required());
    let (router, api) = OpenApiRouter::<()>::new()
        .routes(guarded.apply_to(routes!(read, save)))
        .split_for_parts();
    let put = api.paths.paths["/notes/{id}"].put.clone().unwrap();
    assert!(put.responses.responses.contains_key("428"));
    let send = |method: &str| {
        let request = http::Request::builder()
            .method(method)
            .uri("/notes/1")
            .body(axum::body::Body::empty());
        tower::ServiceExt::oneshot(router.clone(), request.unwrap())
    };
    assert_eq!(send("PUT").await.unwrap().status(), 428);
    assert_eq!(send("GET").await.unwrap().headers()["etag"], "\"7\"");
    assert_eq!(send("POST").await.unwrap().status(), 405);
}

/// The schemas for handlers that answer by themselves.
#[test]
fn refusals_have_schemas_of_their_own() {
    let RefOr::T(Schema::Object(any)) = Refusal::schema() else {
        panic!("an object");
    };
    let any = to_value(any).unwrap();
    let reasons = any["properties"]["reason"]["enum"].as_array().unwrap();
    for refusal in PreconditionFailed::responses().into_values() {
        let refusal = to_value(refusal).unwrap();
        let problem = &refusal["content"]["application/problem+json"]["schema"]["properties"];
        for reason in problem["reason"]["enum"].as_array().unwrap() {
            assert!(reasons.contains(reason), "{reason}");
        }
        assert!(problem["status"]["enum"][0] != 503);
    }
    for reason in [
        "stale",
        "other_epoch",
        "missing",
        "wildcard",
        "inapplicable",
        "malformed",
        "source",
        "lock",
    ] {
        assert!(reasons.contains(&json!(reason)), "{reason}: {reasons:?}");
    }
}
