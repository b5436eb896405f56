//! The command line: `objects [--port N] [--limit BYTES] [--required] [URL]`.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use object_store::RetryConfig;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use tower_conditional::WritePolicy;

use crate::objects::Store;

const HELP: &str = "\
An HTTP object service in front of an object store, in which a stale write is refused, not lost.

Usage: objects [--port N] [--limit BYTES] [--required] [s3://BUCKET]

  s3://BUCKET    the bucket, with the usual AWS_… variables; without it objects are kept in memory
  --port N       the port on 127.0.0.1, 0 for any free one (default: 3000)
  --limit BYTES  how long an uploaded object may be (default: 67108864)
  --required     refuses unconditional writes (428); without it they overwrite, as in S3
  -h, --help     this text
";

pub(crate) struct Args {
    pub(crate) store: Store,
    pub(crate) port: u16,
    pub(crate) limit: usize,
    pub(crate) writes: WritePolicy,
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let mut args = Args {
        store: Arc::new(InMemory::new()),
        port: 3000,
        limit: 64 * 1024 * 1024,
        writes: WritePolicy::optional(),
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => args.port = parser.value()?.parse()?,
            Long("limit") => args.limit = parser.value()?.parse()?,
            Long("required") => args.writes = WritePolicy::required(),
            Short('h') | Long("help") => arguments::help(HELP),
            Value(url) => args.store = s3(&url.string()?)?,
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(args)
}

/// It gives up before its client does: the default goes on trying for three minutes.
fn s3(url: &str) -> Result<Store, String> {
    let patience = RetryConfig {
        retry_timeout: Duration::from_secs(20),
        ..RetryConfig::default()
    };
    // A store of this machine has no certificate.
    let is_plain = env::var("AWS_ENDPOINT").is_ok_and(|url| url.starts_with("http://"));
    let s3 = AmazonS3Builder::from_env()
        .with_url(url)
        .with_retry(patience);
    match s3.with_allow_http(is_plain).build() {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(format!("{url}: {error}")),
    }
}
