//! What three standards say of resources and their versions.

use axum::Json;
use serde_json::{Value, json};

use crate::resources::Standard;

/// Users of SCIM: `meta.version` is the tag as it is sent (RFC 7644, section 3.14).
pub(crate) static SCIM: Standard = Standard {
    collection: "/Users",
    member: "/Users/{id}",
    media_type: "application/scim+json",
    id_in: |segment| Some(segment),
    shown: |stored| {
        let mut user = stored.content.clone();
        user["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
        user["id"] = json!(stored.id);
        user["meta"] = json!({
            "resourceType": "User",
            "location": format!("/scim/v2/Users/{}", stored.id),
            "version": stored.sent_tag(),
        });
        user
    },
    // The status is text (section 3.12).
    error: |status, detail| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": detail,
        })
    },
};

/// A client sends If-Match by itself if the service says that it supports ETags (RFC 7643, section 5).
pub(crate) async fn scim_config() -> Json<Value> {
    let unsupported = json!({"supported": false});
    Json(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": unsupported,
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": false, "maxResults": 0},
        "changePassword": unsupported,
        "sort": unsupported,
        "etag": {"supported": true},
        "authenticationSchemes": [],
    }))
}

/// Patients of FHIR: `meta.versionId` is the version, and the tag is `W/` with that between quotes.
pub(crate) static FHIR: Standard = Standard {
    collection: "/Patient",
    member: "/Patient/{id}",
    media_type: "application/fhir+json",
    id_in: |segment| Some(segment),
    shown: |stored| {
        let mut patient = stored.content.clone();
        patient["resourceType"] = json!("Patient");
        patient["id"] = json!(stored.id);
        patient["meta"] = json!({"versionId": stored.version.to_string()});
        patient
    },
    error: |status, detail| {
        let code = if status == 412 {
            "conflict"
        } else {
            "processing"
        };
        let issue = json!({"severity": "error", "code": code, "diagnostics": detail});
        json!({"resourceType": "OperationOutcome", "issue": [issue]})
    },
};

/// Items of OData: `@odata.etag` is the tag as it is sent. The paths are those of SAP Business One, which is what the client
/// that was tried speaks to.
pub(crate) static ODATA: Standard = Standard {
    collection: "/Items",
    member: "/{item}",
    media_type: "application/json",
    id_in: |segment| segment.strip_prefix("Items('")?.strip_suffix("')"),
    shown: |stored| {
        let mut item = stored.content.clone();
        item["ItemCode"] = json!(stored.id);
        item["@odata.etag"] = json!(stored.sent_tag());
        item
    },
    error: |status, detail| {
        let code = if status == 412 { "-2039" } else { "-1" };
        json!({"error": {"code": code, "message": detail}})
    },
};

/// A session that nobody checks.
pub(crate) async fn odata_login() -> Json<Value> {
    Json(json!({"SessionId": "none", "SessionTimeout": 30}))
}
