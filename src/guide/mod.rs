//! The guide: three ways in, and one page for each question that comes later.
//!
//! | you say | read |
//! |---|---|
//! | I want 304s | [not_modified] |
//! | I want no lost updates | [lost_updates] |
//! | my client gets 412 | [refused] |
//!
//! The words are in the [glossary].
//!
//! | page | the question |
//! |---|---|
//! | [placement] | Where does the layer go, beside authentication, compression, CORS and the layers of others? |
//! | [sources] | What says which version is current, and what identifies the resource? |
//! | [races] | Which writers cannot overwrite each other, and which can? |
//! | [stores] | What do the databases and object stores answer, and what does each request cost them? |
//! | [scaling] | What happens with many writers, and with many replicas? |
//! | [clients] | What must a client do, and what does it do with a 412? |
//! | [openapi] | How does a generated client learn of If-Match? |
//! | [refusals] | Why was this request refused, or why has this response no ETag? |
//! | [proxies] | What do proxies and caches do to tags? |
//! | [doctor] | Why does saving fail on this server, or behind this CDN? |
//! | [weak_tags] | What if my API needs weak tags: FHIR, SCIM, OData? |
//! | [migration] | How do I replace what checks tags in my service today? |
//! | [security] | What do validators reveal, and to whom? |
//! | [performance] | What does it cost? |
//! | [assurance] | How is each claim verified? |
//! | [differences] | Where do Apache, nginx, Caddy and Go answer otherwise? |
//! | [stability] | What is promised, and what would break the API? |
//! | [design_questions] | Why is it so, and not otherwise? |
//!
//! The [recipes](crate::recipes) are the code beside it.
//!
//! In a clone, `cargo test --doc guide` runs the code of these pages, and `cargo test --doc recipes` that of the recipes. What a page
//! claims and no code of its own shows has the command that does, at the end of its section.

#[doc = include_str!("assurance.md")]
pub mod assurance {}
#[doc = include_str!("clients.md")]
pub mod clients {}
#[doc = include_str!("design_questions.md")]
pub mod design_questions {}
#[doc = include_str!("differences.md")]
pub mod differences {}
#[doc = include_str!("glossary.md")]
pub mod glossary {}
#[doc = include_str!("doctor.md")]
pub mod doctor {}
#[doc = include_str!("lost_updates.md")]
pub mod lost_updates {}
#[doc = include_str!("migration.md")]
pub mod migration {}
#[doc = include_str!("not_modified.md")]
pub mod not_modified {}
#[doc = include_str!("openapi.md")]
pub mod openapi {}
#[doc = include_str!("performance.md")]
#[doc = include_str!("plots/headers.svg")]
#[doc = include_str!("plots/tags.svg")]
#[doc = include_str!("plots/body.svg")]
#[doc = include_str!("plots/keys.svg")]
#[doc = include_str!("plots/waiters.svg")]
#[doc = include_str!("plots/routes.svg")]
pub mod performance {}
#[doc = include_str!("placement.md")]
pub mod placement {}
#[doc = include_str!("proxies.md")]
pub mod proxies {}
#[doc = include_str!("races.md")]
pub mod races {}
#[doc = include_str!("refusals.md")]
pub mod refusals {}
#[doc = include_str!("refused.md")]
// Without an empty line, Markdown takes the pictures for a part of the last paragraph.
#[doc = ""]
#[doc = include_str!("release.svg")]
#[doc = include_str!("hardcoded.svg")]
#[doc = include_str!("proxy.svg")]
#[doc = include_str!("busy.svg")]
pub mod refused {}
#[doc = include_str!("scaling.md")]
pub mod scaling {}
#[doc = include_str!("security.md")]
pub mod security {}
#[doc = include_str!("sources.md")]
pub mod sources {}
#[doc = include_str!("stability.md")]
pub mod stability {}
#[doc = include_str!("stores.md")]
pub mod stores {}
#[doc = include_str!("weak_tags.md")]
pub mod weak_tags {}
