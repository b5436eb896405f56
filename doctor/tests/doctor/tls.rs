//! Over TLS, with HTTP/1.1 and HTTP/2 by negotiation.

use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::check::documents;
use crate::support::{doctor, report, rules};

/// Made for this test by `openssl req -x509`, for localhost; nobody trusts it.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/tls/cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/tls/key.pem");

/// Serves what ALPN chooses of these protocols, and says in a header which it was.
async fn serve(app: Router, protocols: &[&[u8]]) -> u16 {
    let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, app) = (acceptor.clone(), app.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let connection = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(app);
                let _ = connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    port
}

#[tokio::test]
async fn each_protocol_that_is_negotiated() {
    let trusting = ["--ca-file", CERTIFICATE];
    for (protocols, expected) in [
        (&[&b"h2"[..], b"http/1.1"][..], &["HTTP/1.1", "HTTP/2"][..]),
        (&[b"http/1.1"], &["HTTP/1.1"]),
        (&[], &["HTTP/1.1"]),
    ] {
        let port = serve(documents(), protocols).await;
        let url = format!("https://localhost:{port}/a");
        let (found, code) = report(&[&[&*url], &trusting[..]].concat()).await;
        assert_eq!(rules(&found), ["not-modified-length"], "{found:#}");
        assert_eq!(code, Some(1));

        let both = [&[&*url, "--through", &*url, "--asks", "1"], &trusting[..]].concat();
        let (found, code) = report(&both).await;
        assert_eq!(code, Some(0), "{found:#}");
        let tags = found["comparison"]["tags"].as_array().unwrap();
        let mut spoken: Vec<_> = tags
            .iter()
            .map(|row| row["protocol"].as_str().unwrap())
            .collect();
        spoken.dedup();
        assert_eq!(spoken, expected);
    }
}

/// The name of the URL is in TLS and Host, wherever the connection goes.
#[tokio::test]
async fn backend_is_asked_by_the_name_of_the_url() {
    let port = serve(documents(), &[b"h2", b"http/1.1"]).await;
    let backend = format!("127.0.0.1:{port}");
    let url = "https://localhost/a";
    let (found, code) = report(&[url, "--backend", &backend, "--ca-file", CERTIFICATE]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["not-modified-length"], Some(1)),
        "{found:#}"
    );
}

#[tokio::test]
async fn certificate_that_nobody_knows() {
    let port = serve(documents(), &[b"http/1.1"]).await;
    let ended = doctor(&[&format!("https://localhost:{port}/a")]).await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("invalid peer certificate"),
        "{ended:?}"
    );

    for (file, why) in [(KEY, "no certificate"), ("/no/such/file", "No such file")] {
        let ended = doctor(&["https://localhost/", "--ca-file", file]).await;
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
}
