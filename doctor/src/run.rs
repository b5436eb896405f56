//! What the command does, from its arguments to its exit code.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clap::error::ErrorKind;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Method, Uri};
use tower_conditional_testkit as kit;

use crate::arguments::{Arguments, Colour};
use crate::comparison::Tag;
use crate::edge::{self, CODINGS, End, Scratch, Trial, Written};
use crate::progress::Progress;
use crate::report::{Finding, Found, Report};
use crate::server::{Failure, How, Protocol, Server, Trust};
use crate::{json, text};

/// Runs the command: reads the arguments, asks the servers, prints the report, and says the outcome in the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse().together();
    let arguments = arguments.unwrap_or_else(|why| {
        let mut command = <Arguments as clap::CommandFactory>::command();
        command.error(ErrorKind::ArgumentConflict, why).exit()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let report = match runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Report {
            urls: Vec::new(),
            requests: 0,
            result: Err(error.to_string()),
        },
    };
    print(&arguments, &report);
    ExitCode::from(report.outcome().code())
}

/// If nobody reads the output any more, the exit code still says the outcome.
fn print(arguments: &Arguments, report: &Report) {
    match arguments.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    let written = match (arguments.json, &report.result) {
        (true, _) => writeln!(anstream::stdout(), "{:#}", json::of(report)),
        (false, Ok(found)) => write!(anstream::stdout(), "{}", text::of(report, found)),
        (false, Err(why)) => writeln!(anstream::stderr(), "{}", text::not_asked(why)),
    };
    let _ = written;
}

async fn run(arguments: &Arguments) -> Report {
    let progress = Arc::new(Progress::new());
    let result = ask(arguments, &progress).await;
    progress.clear();
    let through = arguments.through.iter();
    Report {
        urls: arguments
            .urls
            .iter()
            .chain(through)
            .map(Uri::to_string)
            .collect(),
        requests: progress.requests(),
        result: result.map(|found| found.sorted(&arguments.allow)),
    }
}

async fn ask(arguments: &Arguments, progress: &Arc<Progress>) -> Result<Found, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &arguments.headers {
        headers.append(name, value.clone());
    }
    let how = How {
        trust: Trust::of(arguments.ca_file.as_deref())?,
        patience: arguments.timeout,
        headers,
        progress: progress.clone(),
    };
    match arguments.compares() {
        true => compare(arguments, &how).await,
        false => check(arguments, &how).await,
    }
}

/// Checks one server with the kit.
async fn check(arguments: &Arguments, how: &How) -> Result<Found, String> {
    let protocol = match (arguments.http1, arguments.http2) {
        (true, _) => Protocol::Http1,
        (_, true) => Protocol::Http2,
        _ => Protocol::Negotiated,
    };
    // A URL is required, so there is one.
    let [url, ..] = arguments.urls.as_slice() else {
        return Err("no URL".to_owned());
    };
    let server = Server::new(url, arguments.backend.first(), protocol, how);
    edge::first(&server).await?;
    let fixture = fixture(arguments, &server);
    let mut report = kit::check(server.service(), fixture.clone()).await;
    if let Some(why) = server.lost() {
        return Err(why);
    }
    let mut not_checked = Vec::new();
    if protocol != Protocol::Http2 {
        match on_the_wire(&server, with_headers(fixture, how), how).await {
            Ok(wire) => {
                how.progress.add(wire.requests());
                report = report.merge(wire);
            }
            Err(why) => not_checked.push(format!("the bytes on the wire: {why}")),
        }
    }
    not_checked.extend(report.not_checked().iter().map(|what| (*what).to_owned()));
    if arguments.write.is_none() {
        not_checked.push(
            "writes, and the race of writers: `--write PATH` tries them, where PATH may be written"
                .to_owned(),
        );
    }
    let mut findings: Vec<_> = report.iter().map(|finding| shown(finding, how)).collect();
    match with_codings(url, arguments, protocol, how).await {
        Ok(of_codings) => findings.extend(of_codings),
        Err(why) => not_checked.push(format!("content codings: {why}")),
    }
    Ok(Found {
        findings,
        not_checked,
        comparison: None,
    })
}

/// What happens to the tag of one server when it compresses, which the kit does not ask for.
async fn with_codings(
    url: &Uri,
    arguments: &Arguments,
    protocol: Protocol,
    how: &How,
) -> Result<Vec<Finding>, String> {
    let protocol = match protocol {
        Protocol::Http2 => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let end = edge::ask(url, arguments.backend.first(), &[protocol], 1, how).await?;
    let mut found = edge::diagnose(&[end], None, &[], None).findings;
    found.retain(|finding| ["origin-tag-of-coding", "origin-tag-weakened"].contains(&finding.rule));
    Ok(found)
}

fn fixture(arguments: &Arguments, server: &Server) -> kit::Fixture {
    // The headers of the command line are added by the server.
    let mut fixture = kit::Fixture::at(server.path());
    if let Some(absent) = &arguments.absent {
        fixture = fixture.absent_at(absent.as_str());
    }
    if let Some(write) = &arguments.write {
        let (path, content) = (write.as_str(), arguments.content());
        let scratch = kit::Scratch::put(path, &arguments.content_type, content);
        fixture = fixture.writing(scratch.arriving(arguments.sync.into()));
    }
    fixture
}

fn with_headers(fixture: kit::Fixture, how: &How) -> kit::Fixture {
    let headers = how.headers.iter();
    headers.fold(fixture, |fixture, (name, value)| {
        fixture.field(name.clone(), value.clone())
    })
}

/// What an HTTP client hides, such as content behind a 304.
async fn on_the_wire(
    server: &Server,
    fixture: kit::Fixture,
    how: &How,
) -> Result<kit::Report, String> {
    let checking = kit::wire::check(|| server.connect(), server.authority(), fixture);
    // About twenty connections, on each of which the kit waits for what comes next.
    match tokio::time::timeout(how.patience * 30, checking).await {
        Ok(checked) => checked.map_err(|error| error.to_string()),
        Err(_) => Err("the server is too slow".to_owned()),
    }
}

/// Without the values of the headers of the command line: one may be a password.
fn shown(finding: &kit::Finding, how: &How) -> Finding {
    let mut finding = Finding::from(finding);
    let is_given = |name: &str| {
        how.headers
            .keys()
            .any(|given| name.eq_ignore_ascii_case(given.as_str()))
    };
    let lines = finding
        .request
        .lines()
        .map(|line| match line.split_once(':') {
            Some((name, _)) if is_given(name) => format!("{name}: …"),
            _ => line.to_owned(),
        });
    finding.request = lines.collect::<Vec<_>>().join("\n");
    finding
}

/// Compares the tags of several backends, and those of the edge with them.
async fn compare(arguments: &Arguments, how: &How) -> Result<Found, String> {
    let protocols: &[Protocol] = match (arguments.http1, arguments.http2) {
        (true, _) => &[Protocol::Http1],
        (_, true) => &[Protocol::Http2],
        _ => &[Protocol::Http1, Protocol::Http2],
    };
    let origins = origins(arguments);
    let ask = |url, address| edge::ask(url, address, protocols, arguments.asks, how);
    let at_origins = async {
        let mut ends = Vec::new();
        for (url, address) in &origins {
            ends.push(ask(url, *address).await?);
        }
        Ok(ends)
    };
    let at_edge = async {
        match &arguments.through {
            Some(url) => ask(url, None).await.map(Some),
            None => Ok(None),
        }
    };
    let (ends, at_edge) = tokio::try_join!(at_origins, at_edge)?;
    let mut trials = Vec::new();
    let mut written = None;
    if let (Some(through), Some(end), Some((url, address))) =
        (&arguments.through, &at_edge, origins.first())
    {
        for protocol in end.protocols() {
            let edge = Server::new(through, None, protocol, how);
            // An edge may speak HTTP/2 where the origin does not.
            let origin = Server::new(url, *address, Protocol::Negotiated, how);
            try_tags(&edge, &origin, &ends, end, protocol, &mut trials)
                .await
                .map_err(Failure::into_words)?;
        }
        if let Some(path) = &arguments.write {
            let edge = Server::new(through, None, Protocol::Negotiated, how);
            let origin = Server::new(url, *address, Protocol::Negotiated, how);
            written = Some(write(arguments, path, &edge, &origin).await?);
        }
    }
    Ok(edge::diagnose(
        &ends,
        at_edge.as_ref(),
        &trials,
        written.as_ref(),
    ))
}

/// Each address at which the origin is.
fn origins(arguments: &Arguments) -> Vec<(&Uri, Option<&Authority>)> {
    match (arguments.urls.as_slice(), arguments.backend.as_slice()) {
        ([url], backends) if !backends.is_empty() => backends
            .iter()
            .map(|backend| (url, Some(backend)))
            .collect(),
        (urls, _) => urls.iter().map(|url| (url, None)).collect(),
    }
}

/// Uses each tag that the edge gives.
async fn try_tags(
    edge: &Server,
    origin: &Server,
    origins: &[End],
    end: &End,
    protocol: Protocol,
    trials: &mut Vec<(Protocol, &'static str, Trial)>,
) -> Result<(), Failure> {
    for coding in CODINGS {
        let seen = end
            .of(coding, &Method::GET, protocol)
            .map(edge::Series::tags);
        let own = origins.first().and_then(|origin| own_tag(origin, coding));
        let tag: Option<Tag> = seen.and_then(|tags| tags.into_iter().find(Option::is_some));
        if let (Some(Some(tag)), Some(own)) = (tag, own) {
            let trial = edge::revalidate_and_save(edge, origin, coding, &tag, &own).await?;
            trials.push((protocol, coding, trial));
        }
    }
    Ok(())
}

/// The origin's own tag for a coding, over any protocol.
fn own_tag(origin: &End, coding: &str) -> Tag {
    let mut protocols = origin.protocols().into_iter();
    protocols.find_map(|protocol| {
        let series = origin.of(coding, &Method::GET, protocol)?;
        series.tags().into_iter().flatten().next()
    })
}

async fn write(
    arguments: &Arguments,
    path: &PathAndQuery,
    edge: &Server,
    origin: &Server,
) -> Result<Written, String> {
    let scratch = Scratch {
        path: path.as_str(),
        content_type: &arguments.content_type,
        content: &arguments.content(),
    };
    let written = scratch.save(edge, origin, &CODINGS).await;
    written.map_err(Failure::into_words)
}
