//! Sends requests to one server, with limits in time and size.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};
use tower_conditional_testkit::Content;

use crate::progress::Progress;

/// How much of a body is read: more than the kit looks at.
const BODY_LIMIT: usize = 1024 * 1024 + 1;

/// How much of a head is read.
const HEAD_LIMIT: u32 = 64 * 1024;

/// What TLS trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trust(ClientConfig);

impl Trust {
    /// The certificates of the file, or the public ones.
    pub(crate) fn of(ca_file: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let in_words =
                    |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let file = File::open(path).map_err(|error| in_words(&error))?;
                for certificate in CertificateDer::pem_reader_iter(BufReader::new(file)) {
                    let certificate = certificate.map_err(|error| in_words(&error))?;
                    roots.add(certificate).map_err(|error| in_words(&error))?;
                }
                if roots.is_empty() {
                    return Err(in_words(&"no certificate"));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(config))
    }
}

/// Which protocol a server is asked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    /// What TLS negotiates; HTTP/1.1 without TLS.
    Negotiated,
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Negotiated => "negotiated",
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

type Connector = HttpsConnector<BoxCloneSyncService<Uri, TokioIo<TcpStream>, BoxError>>;
type Client = legacy::Client<Connector, Content>;
type BoxError = Box<dyn Error + Send + Sync>;

/// How every server is asked.
#[derive(Clone, Debug)]
pub(crate) struct How {
    pub(crate) trust: Trust,
    pub(crate) patience: Duration,
    pub(crate) headers: HeaderMap,
    pub(crate) progress: Arc<Progress>,
}

/// One server, at one address, over one protocol.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    url: Uri,
    address: Option<Authority>,
    how: How,
    client: Client,
    /// Why it could not be asked. Nobody asks it again.
    lost: Arc<Mutex<Option<String>>>,
}

/// An answer, read to its end or to the limit.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nobody could be asked: no address, no connection, no TLS, no answer in time.
    NotAsked(String),
    /// The server closed the connection, or sent what is no HTTP.
    Broken(String),
}

impl Failure {
    pub(crate) fn into_words(self) -> String {
        match self {
            Self::NotAsked(why) | Self::Broken(why) => why,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::NotAsked(why) | Self::Broken(why)) = self;
        f.write_str(why)
    }
}

impl Error for Failure {}

impl Server {
    pub(crate) fn new(
        url: &Uri,
        address: Option<&Authority>,
        protocol: Protocol,
        how: &How,
    ) -> Self {
        Self::with_pool(url, address, protocol, how, true)
    }

    /// Each request over a connection of its own, as from clients that know nothing of each other.
    pub(crate) fn without_pool(
        url: &Uri,
        address: Option<&Authority>,
        protocol: Protocol,
        how: &How,
    ) -> Self {
        Self::with_pool(url, address, protocol, how, false)
    }

    fn with_pool(
        url: &Uri,
        address: Option<&Authority>,
        protocol: Protocol,
        how: &How,
        is_pooled: bool,
    ) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .http2_only(protocol == Protocol::Http2)
            .http1_max_buf_size(HEAD_LIMIT as usize)
            .http2_max_header_list_size(HEAD_LIMIT);
        if !is_pooled {
            builder.pool_max_idle_per_host(0);
        }
        Self {
            url: url.clone(),
            address: address.cloned(),
            how: how.clone(),
            client: builder.build(connector(address, protocol, &how.trust)),
            lost: Arc::default(),
        }
    }

    /// The URL, and the address if that is another one.
    pub(crate) fn name(&self) -> String {
        match &self.address {
            Some(address) => format!("{} at {address}", self.url),
            None => self.url.to_string(),
        }
    }

    /// The URL's path.
    pub(crate) fn path(&self) -> &str {
        self.url.path_and_query().map_or("/", |path| path.as_str())
    }

    /// Asks for the URL itself, with these headers.
    pub(crate) async fn ask(
        &self,
        method: Method,
        headers: &[(http::HeaderName, &[u8])],
    ) -> Result<Reply, Failure> {
        let request = self.request(method, self.path(), headers, Bytes::new());
        self.send(request).await
    }

    /// A request for a path of this server.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(http::HeaderName, &[u8])],
        body: Bytes,
    ) -> Request<Content> {
        let mut request = Request::new(Content::from(body));
        *request.method_mut() = method;
        // Paths come from the command line, where they were parsed.
        *request.uri_mut() = path.parse().unwrap_or_else(|_| self.url.clone());
        for (name, value) in headers {
            if let Ok(value) = http::HeaderValue::from_bytes(value) {
                request.headers_mut().append(name.clone(), value);
            }
        }
        request
    }

    /// Sends a request for a path, with the headers of the command line, unless the server is lost already. They are added
    /// here, so that no report shows them: one may be a password.
    pub(crate) async fn send(&self, mut request: Request<Content>) -> Result<Reply, Failure> {
        if let Some(why) = self.lost() {
            return Err(Failure::NotAsked(why));
        }
        self.how.progress.count();
        let asked = format!("{} {}", request.method(), request.uri());
        *request.uri_mut() = self.absolute(request.uri());
        self.add_headers(request.headers_mut());
        let answered = timeout(self.how.patience, read(self.client.clone(), request)).await;
        let failure = match answered {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::NotAsked(format!("no whole answer within {:?}", self.how.patience)),
        };
        match failure {
            Failure::NotAsked(why) => {
                let why = format!("{}: {asked}: {why}", self.name());
                *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
                Err(Failure::NotAsked(why))
            }
            Failure::Broken(why) => Err(Failure::Broken(why)),
        }
    }

    /// Why it could not be asked, if it could not.
    pub(crate) fn lost(&self) -> Option<String> {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A connection of its own, for HTTP/1.1.
    pub(crate) async fn connect(
        &self,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>> {
        let mut connector = connector(self.address.as_ref(), Protocol::Http1, &self.how.trust);
        let connecting = timeout(self.how.patience, connector.call(self.url.clone()));
        let stream = connecting.await?.map_err(io::Error::other)?;
        Ok(TokioIo::new(stream))
    }

    /// What Host says.
    pub(crate) fn authority(&self) -> &str {
        self.url
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// As a service, for the kit.
    pub(crate) fn service(
        &self,
    ) -> impl Service<
        Request<Content>,
        Response = Response<Full<Bytes>>,
        Error = Failure,
        Future: Send,
    > + Clone
    + Send
    + use<> {
        let server = self.clone();
        tower::service_fn(move |request| {
            let server = server.clone();
            async move {
                let reply = server.send(request).await?;
                let mut response = Response::new(Full::new(reply.body));
                *response.status_mut() = reply.status;
                *response.headers_mut() = reply.fields;
                Ok(response)
            }
        })
    }

    /// What a question is about stays as it is.
    fn add_headers(&self, asked: &mut HeaderMap) {
        let own: Vec<_> = asked.keys().cloned().collect();
        let added = self
            .how
            .headers
            .iter()
            .filter(|(name, _)| !own.contains(name));
        asked.extend(added.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// The kit sends requests for paths; a client needs the host, too.
    fn absolute(&self, path: &Uri) -> Uri {
        let mut parts = self.url.clone().into_parts();
        parts.path_and_query = path.path_and_query().cloned();
        // The URL still has all its parts.
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }
}

fn connector(address: Option<&Authority>, protocol: Protocol, trust: &Trust) -> Connector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let elsewhere = address.cloned();
    let tcp = tcp.map_request(move |uri: Uri| match &elsewhere {
        Some(address) => at(address, uri),
        None => uri,
    });
    let tcp = BoxCloneSyncService::new(tcp.map_err(BoxError::from));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(trust.0.clone())
        .https_or_http();
    match protocol {
        Protocol::Negotiated => https.enable_all_versions().wrap_connector(tcp),
        Protocol::Http1 => https.enable_http1().wrap_connector(tcp),
        Protocol::Http2 => https.enable_http2().wrap_connector(tcp),
    }
}

/// The same, at another address: the name in Host and TLS stays that of the URL.
fn at(address: &Authority, uri: Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(address.clone());
    parts.scheme.get_or_insert(Scheme::HTTP);
    Uri::from_parts(parts).unwrap_or(uri)
}

async fn read(client: Client, request: Request<Content>) -> Result<Reply, Failure> {
    let response = client.request(request).await.map_err(|error| {
        let why = with_causes(&error);
        match error.is_connect() {
            true => Failure::NotAsked(why),
            false => Failure::Broken(why),
        }
    })?;
    let (head, mut body) = response.into_parts();
    let mut read = BytesMut::new();
    while read.len() < BODY_LIMIT
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| Failure::Broken(with_causes(&error)))?;
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data[..data.len().min(BODY_LIMIT - read.len())]);
        }
    }
    Ok(Reply {
        version: head.version,
        status: head.status,
        fields: head.headers,
        body: read.freeze(),
    })
}

/// The error with its causes: "client error (Connect)" alone does not say that nobody listens.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
