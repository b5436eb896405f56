//! The command line.

use example_support::arguments::help;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use http::{HeaderName, HeaderValue, Uri};

const HELP: &str = "\
Edits a JSON resource in $EDITOR. What others save meanwhile is merged, and never overwritten.

Usage: editor URL [options]

  URL                  a resource with an ETag, http or https
  --field 'NAME: V'    a field that every request carries, such as Authorization
  --weak-tags          sends weak tags in If-Match, for FHIR, SCIM and OData
  -h, --help           this text

$VISUAL or $EDITOR is the editor (default: vi).
";

pub(crate) struct Arguments {
    pub(crate) url: Uri,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) weak_tags: bool,
}

impl Arguments {
    pub(crate) fn parse(mut parser: Parser) -> Result<Self, Error> {
        let (mut url, mut fields, mut weak_tags) = (None, Vec::new(), false);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => help(HELP),
                Long("weak-tags") => weak_tags = true,
                Long("field") => fields.push(field(&parser.value()?.string()?)?),
                Value(value) if url.is_none() => url = Some(absolute(&value.string()?)?),
                other => return Err(other.unexpected()),
            }
        }
        let url = url.ok_or("there is no URL")?;
        Ok(Self {
            url,
            fields,
            weak_tags,
        })
    }
}

fn absolute(url: &str) -> Result<Uri, Error> {
    let parsed: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    match parsed.scheme_str() {
        Some("http" | "https") => Ok(parsed),
        _ => Err(format!("{url}: a URL begins with http:// or https://").into()),
    }
}

fn field(line: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| format!("{line}: a field is written NAME: VALUE"))?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| format!("{name}: no name of a field"))?;
    let value = value
        .trim()
        .parse()
        .map_err(|_| format!("{line}: no value of a field"))?;
    Ok((name, value))
}
