//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser, ValueEnum};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, HeaderValue, Uri};
use tower_conditional_testkit::{Arrival, Rule};

use crate::edge::RULES;

const AFTER_HELP: &str = "\
Examples:
  Does the server handle conditional requests as RFC 9110 says?
      tower-conditional-doctor https://api.example.org/notes/1
  Does saving work as well, and is no update lost? Writes to /notes/doctor alone.
      tower-conditional-doctor https://api.example.org/notes/1 --write /notes/doctor \\
          --content-type application/json --body '{\"title\":\"{mark}\"}' \\
          -H 'Authorization: Bearer …'
  What does the CDN do to the tags of the origin?
      tower-conditional-doctor https://origin.example.org/notes/1 \\
          --through https://www.example.org/notes/1
  Do all backends send one tag for the same bytes?
      tower-conditional-doctor https://api.example.org/notes/1 \\
          --backend 10.0.0.7:443 --backend 10.0.0.8:443

Exit codes: 0 nothing found (advice alone is nothing), 1 findings, 2 the server could not be
asked (DNS, TLS, no answer in time, no 200), or the arguments are wrong.";

/// Says why saving fails.
///
/// Asks a running server conditional requests (ETag, If-Match, 304, 412), and says what it does otherwise than RFC 9110, what
/// that costs, and what cures it. It only reads, unless --write names a path.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(group = ArgGroup::new("protocol").args(["http1", "http2"]))]
pub(crate) struct Arguments {
    /// A resource that answers GET with 200. Several: the same resource on several backends
    #[arg(required = true, value_name = "URL", value_parser = url)]
    pub(crate) urls: Vec<Uri>,

    /// Compares the tags of URL with those that clients see here, at a proxy or CDN in front of it
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) through: Option<Uri>,

    /// Connects to this address, whatever the host of URL resolves to; repeat it for several backends
    #[arg(long, value_name = "HOST:PORT", value_parser = authority)]
    pub(crate) backend: Vec<Authority>,

    /// Also writes to this path, and to no other. What is there is overwritten; what was not there is deleted again
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) write: Option<PathAndQuery>,

    /// How the writes of a race arrive
    #[arg(
        long,
        value_name = "HOW",
        default_value = "last-byte",
        requires = "write"
    )]
    pub(crate) sync: Arriving,

    /// The Content-Type of what is written
    #[arg(long, value_name = "TYPE", default_value = "text/plain", requires = "write", value_parser = media_type)]
    pub(crate) content_type: String,

    /// What is written; {mark} stands for a word that differs in each write [default: some lines of text]
    #[arg(long, value_name = "TEXT", requires = "write", value_parser = marked)]
    pub(crate) body: Option<String>,

    /// A path where nothing is [default: the path of URL with -not-there at its end]
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(crate) absent: Option<PathAndQuery>,

    /// A header that every request carries; repeat it for several
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = field)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,

    /// Leaves out the findings of this rule; repeat it for several
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub(crate) allow: Vec<String>,

    /// How often each question about a tag is asked
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) asks: u16,

    /// HTTP/1.1 alone [default: what TLS negotiates, and both for comparisons]
    #[arg(long)]
    pub(crate) http1: bool,

    /// HTTP/2 alone, for http:// without negotiation
    #[arg(long)]
    pub(crate) http2: bool,

    /// How long an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// Trusts the certificates of this PEM file instead of the public ones
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The report as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Colours in the report
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
}

/// How the writes of a race arrive.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Arriving {
    /// All heads and all but the last bytes first, then all last bytes together: a check that is made when the head arrives
    /// is out of date by then.
    LastByte,
    /// Each at once.
    Whole,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

impl From<Arriving> for Arrival {
    fn from(sync: Arriving) -> Self {
        match sync {
            Arriving::LastByte => Self::LastBytes,
            Arriving::Whole => Self::Whole,
        }
    }
}

impl Arguments {
    /// Whether tags are compared, between backends or on the way to the edge, instead of checking one server.
    pub(crate) fn compares(&self) -> bool {
        self.through.is_some() || self.urls.len() > 1 || self.backend.len() > 1
    }

    /// What the arguments do not say one by one.
    pub(crate) fn together(self) -> Result<Self, String> {
        if self.backend.len() > 1 && self.urls.len() > 1 {
            return Err("give several URLs or several --backend, not both".to_owned());
        }
        if self.write.is_some() && self.compares() && self.through.is_none() {
            return Err("--write needs one server, or --through".to_owned());
        }
        Ok(self)
    }

    /// What is written, with this mark.
    pub(crate) fn content(&self) -> impl Fn(&str) -> String + Send + Sync + 'static {
        let body = self.body.clone().unwrap_or_else(default_body);
        move |mark| body.replace("{mark}", mark)
    }
}

/// Long enough that every compressor compresses it.
fn default_body() -> String {
    "{mark}\n".to_owned()
        + &"tower-conditional-doctor writes here, to see whether saving works.\n".repeat(40)
}

fn url(value: &str) -> Result<Uri, String> {
    let uri: Uri = value.parse().map_err(|_| "this is no URL".to_owned())?;
    match (uri.scheme_str(), uri.authority()) {
        // The report shows the URL, and it is in no Authorization.
        (_, Some(authority)) if authority.as_str().contains('@') => {
            Err("a password belongs into -H 'Authorization: …'".to_owned())
        }
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("a URL begins with http:// or https:// and a host".to_owned()),
    }
}

fn authority(value: &str) -> Result<Authority, String> {
    let authority: Option<Authority> = value.parse().ok();
    authority
        .filter(|authority| authority.port_u16().is_some() && !value.contains('@'))
        .ok_or_else(|| "this is no address such as 10.0.0.7:443".to_owned())
}

fn path(value: &str) -> Result<PathAndQuery, String> {
    let path = value.parse().ok().filter(|_| value.starts_with('/'));
    path.ok_or_else(|| "this is no path such as /notes/1".to_owned())
}

/// A write that changes nothing cannot be recognised.
fn marked(body: &str) -> Result<String, String> {
    match body.contains("{mark}") {
        true => Ok(body.to_owned()),
        false => Err("it needs {mark} in it, so that each write differs".to_owned()),
    }
}

fn field(value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, content) = value.split_once(':').unwrap_or_default();
    let name = name.trim().parse();
    let name = name.map_err(|_| "this is no header such as 'Accept: text/plain'".to_owned())?;
    let mut content =
        HeaderValue::from_str(content.trim()).map_err(|_| "this is no header value".to_owned())?;
    content.set_sensitive(true);
    Ok((name, content))
}

/// A rule that is misspelt would leave out nothing, and a later run would not say so.
fn rule(value: &str) -> Result<String, String> {
    let is_known = RULES.contains(&value) || Rule::named(value).is_some();
    match is_known {
        true => Ok(value.to_owned()),
        false => Err(format!(
            "no rule has this name; the names: {}, {}",
            RULES.join(", "),
            Rule::all()
                .map(|rule| rule.name())
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
}

fn media_type(value: &str) -> Result<String, String> {
    match HeaderValue::from_str(value) {
        Ok(_) => Ok(value.to_owned()),
        Err(_) => Err("this is no header value".to_owned()),
    }
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = value.parse().ok();
    let in_range = seconds.filter(|seconds| (0.001..=3600.0).contains(seconds));
    let seconds = in_range.ok_or_else(|| "this is no number of seconds up to 3600".to_owned())?;
    Ok(Duration::from_secs_f64(seconds))
}
