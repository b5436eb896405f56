//! What sends the requests: hyper-util's client, with TLS, a limit in time, and the fields of the command line.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tower::util::BoxCloneService;
use tower::{ServiceBuilder, ServiceExt};
use tower_conditional_client::{Backoff, BoxError};

use crate::arguments::Arguments;

type Service = BoxCloneService<Request<Full<Bytes>>, Response<Incoming>, BoxError>;

pub(crate) type Client = tower_conditional_client::Client<Service>;

/// A server that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn client(arguments: &Arguments) -> Client {
    let https = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .build();
    let http = legacy::Client::builder(TokioExecutor::new()).build(https);
    let fields = arguments.fields.clone();
    let service = ServiceBuilder::new()
        .timeout(PATIENCE)
        .service(http)
        .map_request(move |mut request: Request<Full<Bytes>>| {
            request.headers_mut().extend(fields.clone());
            request
        });
    // Nothing here tries again by itself, so the back-off is not asked.
    let client = Client::new(
        service.boxed_clone(),
        Backoff::new(tokio::time::sleep, || 0),
    );
    let client = client.unsent_if(|error| {
        error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    });
    if arguments.weak_tags {
        client.send_weak_tags()
    } else {
        client
    }
}
