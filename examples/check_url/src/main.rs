//! Checks how a running server handles conditional requests, and reports where it departs from RFC 9110.
//!
//! ```sh
//! cargo run -p check_url -- http://127.0.0.1:3000/notes
//! cargo run -p check_url -- http://127.0.0.1:3000/notes --write /notes/999 \
//!     --content-type application/json --body '{"title":"{mark}","body":""}'
//! ```
//!
//! It only reads, unless `--write` names a path that it may write to. It exits with 0 if there is nothing to report, with
//! 1 if there is, and with 2 if the arguments are wrong.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use http::{HeaderName, HeaderValue, Request, Uri, uri::PathAndQuery};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};
use tower_conditional_testkit::{Content, Finding, Fixture, Report, Scratch, check};

const HELP: &str = "\
Checks how a running server handles conditional requests (ETag, 304, 412).

Usage: check_url URL [options]

  URL                  a resource that answers GET with 200: http, on loopback or a host of your own
  --write PATH         also writes, to this path alone: what is there is overwritten, and what
                       was not there before is deleted again
  --content-type TYPE  what is written is (default: text/plain)
  --body TEXT          what is written; {mark} becomes a word of each write's own (default: {mark})
  --absent PATH        a path where nothing is (default: the URL's with -not-there at its end)
  --field 'NAME: V'    a field that every request carries, such as Authorization
  --allow RULE         leaves out the findings of a rule; its name stands beside the section
  --http2              uses HTTP/2 without negotiation, instead of HTTP/1.1
  --json               the report as data
  -h, --help           this text
";

/// A server that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let ask = arguments::read(Ask::parse);
    let report = run(&ask).await;
    let code = match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    };
    match ask.json {
        true => print(&format!("{:#}\n", as_json(&ask.url, &report)), code),
        false => print(&format!("{}\n{report}\n", ask.url), code),
    }
}

/// If nobody reads the output any more, the exit code still says the result.
fn print(text: &str, code: ExitCode) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    code
}

async fn run(ask: &Ask) -> Report {
    let client = Client::builder(TokioExecutor::new())
        .http2_only(ask.http2)
        .build_http::<Content>();
    let server = ask.url.clone();
    let service = ServiceBuilder::new()
        .timeout(PATIENCE)
        .service(client)
        .map_request(move |mut request: Request<Content>| {
            *request.uri_mut() = on(&server, request.uri());
            request
        });
    check(service, ask.fixture()).await.allowing(&ask.allowed)
}

/// The kit sends requests for paths; a client needs the host, too.
fn on(server: &Uri, path: &Uri) -> Uri {
    let mut parts = server.clone().into_parts();
    parts.path_and_query = path.path_and_query().cloned();
    // The URL still has all its parts.
    Uri::from_parts(parts).unwrap_or_else(|_| server.clone())
}

fn as_json(url: &Uri, report: &Report) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "rule": finding.rule(),
            "severity": finding.severity().as_str(),
            "section": finding.section(),
            "requirement": finding.requirement(),
            "request": finding.request(),
            "expected": finding.expected(),
            "actual": finding.actual(),
            "cost": finding.cost(),
            "cure": finding.cure(),
        })
    };
    json!({
        "url": url.to_string(),
        "clean": report.is_clean(),
        "requests": report.requests(),
        "findings": report.iter().map(finding).collect::<Vec<_>>(),
        "not_checked": report.not_checked(),
    })
}

/// The command line.
#[derive(Debug)]
struct Ask {
    url: Uri,
    write: Option<PathAndQuery>,
    content_type: String,
    body: String,
    absent: Option<PathAndQuery>,
    fields: Vec<(HeaderName, HeaderValue)>,
    allowed: Vec<String>,
    http2: bool,
    json: bool,
}

impl Ask {
    fn parse(mut parser: Parser) -> Result<Self, Error> {
        let mut url = None;
        let mut ask = Self {
            url: Uri::default(),
            write: None,
            content_type: "text/plain".to_owned(),
            body: "{mark}".to_owned(),
            absent: None,
            fields: Vec::new(),
            allowed: Vec::new(),
            http2: false,
            json: false,
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => arguments::help(HELP),
                Long("http2") => ask.http2 = true,
                Long("json") => ask.json = true,
                Long("write") => ask.write = Some(path(&parser.value()?.string()?)?),
                Long("absent") => ask.absent = Some(path(&parser.value()?.string()?)?),
                Long("body") => ask.body = marked(parser.value()?.string()?)?,
                Long("content-type") => ask.content_type = media_type(parser.value()?.string()?)?,
                Long("field") => ask.fields.push(field(&parser.value()?.string()?)?),
                Long("allow") => ask.allowed.push(parser.value()?.string()?),
                Value(value) if url.is_none() => url = Some(server(&value.string()?)?),
                _ => return Err(arg.unexpected()),
            }
        }
        ask.url = url.ok_or("a URL is missing")?;
        Ok(ask)
    }

    fn fixture(&self) -> Fixture {
        let target = self.url.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut fixture = Fixture::at(target);
        for (name, value) in &self.fields {
            fixture = fixture.field(name.clone(), value.clone());
        }
        if let Some(absent) = &self.absent {
            fixture = fixture.absent_at(absent.as_str());
        }
        if let Some(write) = &self.write {
            fixture = fixture.writing(self.scratch(write));
        }
        fixture
    }

    fn scratch(&self, path: &PathAndQuery) -> Scratch {
        let body = self.body.clone();
        let content = move |mark: &str| body.replace("{mark}", mark);
        Scratch::put(path.as_str(), &self.content_type, content)
    }
}

fn server(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url} is no URL"))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) => Ok(uri),
        _ => Err(format!("{url} does not begin with http:// and a host")),
    }
}

fn path(value: &str) -> Result<PathAndQuery, String> {
    let path = value.parse().ok().filter(|_| value.starts_with('/'));
    path.ok_or_else(|| format!("{value} is no path such as /notes/1"))
}

/// A write that changes nothing cannot be recognised.
fn marked(body: String) -> Result<String, String> {
    match body.contains("{mark}") {
        true => Ok(body),
        false => Err(format!("{body} needs a {{mark}} in it")),
    }
}

fn field(value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, content) = value.split_once(':').unwrap_or_default();
    let name = name.trim().parse();
    let name = name.map_err(|_| format!("{value} is no field such as 'Accept: text/plain'"))?;
    Ok((name, field_value(content.trim())?))
}

fn field_value(value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value).map_err(|_| format!("{value:?} is no field value"))
}

fn media_type(value: String) -> Result<String, String> {
    field_value(&value).map(|_| value)
}
