//! A description in an OpenAPI document of utoipa.

use std::collections::BTreeMap;

use http::header::{ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use http::{Method, StatusCode};
use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, OpenApi, RefOr, Required, Response};
use utoipa::{IntoResponses, Modify, PartialSchema, ToSchema};

use super::method::members_of;
use super::{DescribedField, DescribedMember, DescribedResponse, Description};
use crate::middleware::{ConditionalLayer, WritePolicy};
use crate::refusal::MemberValue;
use crate::source::{Fixed, States, ValidatorSource};
use crate::{Current, PreconditionFailed, Refusal};

impl Description {
    /// Adds what the layer does to the operations of one path: the conditional headers as parameters, the responses, and the
    /// validators as headers of the 200 of a read.
    ///
    /// What an operation has already stays. A status that both the handler and the layer answer with gets both schemas. If an
    /// operation has a 206, its handler [serves ranges](Self::include_ranges). A response that is a reference stays as it is.
    ///
    /// ```
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, WritePolicy};
    /// use utoipa::openapi::{HttpMethod, PathItem, path::Operation};
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
    /// let mut note = PathItem::new(HttpMethod::Put, Operation::new());
    /// layer.describe().add_to_path(&mut note);
    /// assert!(note.put.unwrap().responses.responses.contains_key("428"));
    /// ```
    #[doc(alias("OpenAPI"))]
    pub fn add_to_path(&self, path: &mut PathItem) {
        if let Some(get) = &mut path.get {
            self.add_to_operation(&Method::GET, get, None);
        }
        // With its validators.
        let representation = path.get.as_ref().and_then(ok_response).cloned();
        let others = [
            (Method::HEAD, &mut path.head),
            (Method::PUT, &mut path.put),
            (Method::POST, &mut path.post),
            (Method::PATCH, &mut path.patch),
            (Method::DELETE, &mut path.delete),
        ];
        let others = others
            .into_iter()
            .filter_map(|(method, operation)| Some((method, operation.as_mut()?)));
        let query = Method::from_bytes(b"QUERY").ok().zip(path.query.as_mut());
        let more = path.additional_operations.iter_mut();
        let more = more.filter_map(|(name, operation)| Some((name.parse().ok()?, operation)));
        for (method, operation) in others.chain(query).chain(more) {
            self.add_to_operation(&method, operation, representation.as_ref());
        }
    }

    fn add_to_operation(
        &self,
        method: &Method,
        operation: &mut Operation,
        representation: Option<&Response>,
    ) {
        let serves_ranges = self.serves_ranges || operation.responses.responses.contains_key("206");
        let description = Self {
            serves_ranges,
            ..self.clone()
        };
        let described = description.of(method);
        let parameters = described.fields().iter().copied().map(parameter);
        let prefer = described.returns_representation().then(prefer);
        for parameter in parameters.chain(prefer) {
            add_parameter(operation, parameter);
        }
        for status in ["200", "206"] {
            if let Some(RefOr::T(success)) = operation.responses.responses.get_mut(status) {
                add_headers(success, described.success_headers());
            }
        }
        for response in described.responses() {
            add_response(operation, response);
        }
        if described.returns_representation()
            && let Some(representation) = representation
            && let Some(RefOr::T(failed)) = operation.responses.responses.get_mut("412")
        {
            add_representation(failed, representation);
        }
    }
}

/// Adds the description to every path of a document, for a layer around a whole router.
impl Modify for Description {
    fn modify(&self, openapi: &mut OpenApi) {
        for path in openapi.paths.paths.values_mut() {
            self.add_to_path(path);
        }
    }
}

/// The schema of the problem details of any refusal.
impl PartialSchema for Refusal {
    fn schema() -> RefOr<Schema> {
        let every = every_response();
        let refusals = every.iter().flat_map(DescribedResponse::refusals).copied();
        problem(&members_of(&refusals.collect::<Vec<_>>()))
    }
}

impl ToSchema for Refusal {}

/// The responses of a handler that evaluates the preconditions itself: 400, 412 and 428.
///
/// ```
/// use tower_conditional::PreconditionFailed;
/// use utoipa::IntoResponses;
///
/// let responses = PreconditionFailed::responses();
/// assert_eq!(responses.keys().collect::<Vec<_>>(), ["400", "412", "428"]);
/// ```
impl IntoResponses for PreconditionFailed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut operation = Operation::new();
        for response in every_response() {
            if response.status() != StatusCode::SERVICE_UNAVAILABLE {
                add_response(&mut operation, &response);
            }
        }
        operation.responses.responses
    }
}

/// Every refusal, by status: those of a write and of a read, under the strictest policy, over every kind of state.
fn every_response() -> Vec<DescribedResponse> {
    let source = Fixed::new(Current::Unknown).stating(|_| States::any());
    let layer = ConditionalLayer::new(source)
        .writes(WritePolicy::strictly_required())
        .trust_handler_version();
    let description = layer.describe().include_ranges();
    let [mut every, of_get] =
        [Method::PUT, Method::GET].map(|method| description.of(&method).responses().to_vec());
    for other in of_get {
        if let Some(response) = every
            .iter_mut()
            .find(|response| response.status() == other.status())
        {
            response.merge(&other);
        }
    }
    every
}

fn ok_response(operation: &Operation) -> Option<&Response> {
    match operation.responses.responses.get("200")? {
        RefOr::T(response) => Some(response),
        RefOr::Ref(_) => None,
    }
}

fn add_parameter(operation: &mut Operation, parameter: Parameter) {
    let parameters = operation.parameters.get_or_insert_default();
    let is_there = parameters.iter().any(|other| match other {
        RefOr::T(other) => {
            other.parameter_in == ParameterIn::Header
                && other.name.eq_ignore_ascii_case(&parameter.name)
        }
        RefOr::Ref(_) => false,
    });
    if !is_there {
        parameters.push(RefOr::T(parameter));
    }
}

fn parameter(read: DescribedField) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(read.pattern());
    ParameterBuilder::new()
        .name(read.field().as_str())
        .parameter_in(ParameterIn::Header)
        .required(if read.is_required() {
            Required::True
        } else {
            Required::False
        })
        .description(Some(read.text()))
        .schema(Some(schema))
        .build()
}

fn prefer() -> Parameter {
    ParameterBuilder::new()
        .name("Prefer")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "`return=representation`: a 412 carries the current representation and its ETag.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn add_headers(response: &mut Response, headers: &HeaderMap) {
    for (name, value) in headers {
        let is_there = response
            .headers
            .keys()
            .any(|other| other.eq_ignore_ascii_case(name.as_str()));
        if !is_there {
            let is_number = value
                .to_str()
                .is_ok_and(|value| value.parse::<u64>().is_ok());
            response
                .headers
                .insert(name_of(name), RefOr::T(header(name, is_number)));
        }
    }
}

fn header(name: &HeaderName, is_number: bool) -> Header {
    let kind = if is_number {
        Type::Integer
    } else {
        Type::String
    };
    let text = match *name {
        ETAG => Some(
            "The version of the representation. Send it in If-Match with a change, and in If-None-Match with the next read.",
        ),
        LAST_MODIFIED => Some("When the representation was last changed."),
        _ => None,
    };
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .description(text)
        .build()
}

/// The name as specifications write it: `Last-Modified`, `ETag`.
fn name_of(name: &HeaderName) -> String {
    if *name == ETAG {
        return "ETag".to_owned();
    }
    let words = name
        .as_str()
        .split('-')
        .map(|word| match word.split_at_checked(1) {
            Some((first, rest)) => first.to_ascii_uppercase() + rest,
            None => String::new(),
        });
    words.collect::<Vec<_>>().join("-")
}

fn add_response(operation: &mut Operation, described: &DescribedResponse) {
    let status = described.status().as_u16().to_string();
    let response = operation
        .responses
        .responses
        .entry(status)
        .or_insert_with(|| RefOr::T(Response::new("")));
    let RefOr::T(response) = response else { return };
    if response.description.is_empty() {
        described.text().clone_into(&mut response.description);
    } else if !response.description.contains(described.text()) {
        response.description = format!("{} {}", response.description, described.text());
    }
    add_headers(response, described.headers());
    if let Some(kind) = described.content_type().and_then(|kind| kind.to_str().ok()) {
        let (kind, _parameters) = kind.split_once(';').unwrap_or((kind, ""));
        add_content(response, kind.trim_end(), content(described));
    }
}

/// Adds a content of this type, beside the one that the response may have.
fn add_content(response: &mut Response, kind: &str, content: Content) {
    let theirs = response.content.entry(kind.to_owned());
    let RefOr::T(theirs) = theirs.or_insert_with(|| RefOr::T(Content::default())) else {
        return;
    };
    theirs.schema = match (theirs.schema.take(), content.schema) {
        (Some(theirs), Some(ours)) if theirs != ours => {
            Some(Schema::AnyOf(AnyOfBuilder::new().item(theirs).item(ours).build()).into())
        }
        (theirs, ours) => theirs.or(ours),
    };
    theirs.examples.extend(content.examples);
}

fn content(described: &DescribedResponse) -> Content {
    let members = described.members();
    let schema = (!members.is_empty()).then(|| problem(&members));
    let refusals = described.refusals().iter().zip(described.contents());
    let example = |(refusal, text): (&Refusal, &bytes::Bytes)| {
        let value =
            serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into());
        let name = match refusal.field() {
            Some(field) => format!("{} {}", field.as_str(), refusal.reason()),
            None => refusal.reason().to_string(),
        };
        (
            name,
            RefOr::T(ExampleBuilder::new().value(Some(value)).build()),
        )
    };
    let examples: BTreeMap<String, RefOr<Example>> = refusals.map(example).collect();
    utoipa::openapi::ContentBuilder::new()
        .schema(schema)
        .examples_from_iter(examples)
        .build()
}

/// The schema of problem details with these members.
fn problem(members: &[DescribedMember]) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new();
    for member in members {
        let is_number = matches!(member.values(), [MemberValue::Number(_), ..]);
        let values = member.values().iter().map(|value| match value {
            MemberValue::Text(text) => Value::from(*text),
            MemberValue::Number(number) => Value::from(*number),
        });
        let kind = if is_number {
            Type::Integer
        } else {
            Type::String
        };
        let schema = ObjectBuilder::new()
            .schema_type(kind)
            .enum_values((!member.values().is_empty()).then_some(values));
        object = object.property(member.name(), schema);
        if member.is_always_there() {
            object = object.required(member.name());
        }
    }
    Schema::Object(object.build()).into()
}

/// A 412 may be the current representation.
fn add_representation(failed: &mut Response, representation: &Response) {
    for (kind, content) in &representation.content {
        if let RefOr::T(content) = content {
            add_content(failed, kind, content.clone());
        }
    }
    for (name, header) in &representation.headers {
        failed
            .headers
            .entry(name.clone())
            .or_insert_with(|| header.clone());
    }
    for name in ["Preference-Applied", "Content-Location"] {
        let text = RefOr::T(Header::new(Schema::Object(
            ObjectBuilder::new().schema_type(Type::String).build(),
        )));
        failed.headers.entry(name.to_owned()).or_insert(text);
    }
}
