//! Over real sockets, by clients that others have written.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Service, service_fn};
use tower_conditional_client::{Applied, BoxError, Client, Current, Error, Why, WriteError};

use crate::support::no_waiting;

mod counter {
    include!("../examples/counter.rs");
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn hyper_client() -> Client<legacy::Client<legacy::connect::HttpConnector, Full<Bytes>>> {
    let http = legacy::Client::builder(TokioExecutor::new()).build_http();
    Client::new(http, no_waiting()).unsent_if(|error| {
        error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    })
}

fn reqwest_client() -> Client<
    impl Service<
        Request<Full<Bytes>>,
        Response = Response<reqwest::Body>,
        Error = BoxError,
        Future: Send,
    > + Clone,
> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let http = http.clone();
        async move {
            let request = request.map(reqwest::Body::wrap).try_into()?;
            Ok::<_, BoxError>(Response::<reqwest::Body>::from(
                http.execute(request).await?,
            ))
        }
    });
    Client::new(service, no_waiting())
}

/// Read, lose, read, save.
async fn cycle<S, B>(client: Client<S>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    let moved = get(async || Redirect::permanent("/counter"));
    let address = serve(counter::counter().route("/old", moved)).await;
    let uri: Uri = format!("http://{address}/old").parse().unwrap();
    let mine = client.read::<String>(&uri).await.unwrap();
    assert_eq!(mine.uri().path(), "/counter");
    let theirs = client.read::<String>(&uri).await.unwrap();
    client.save(theirs, "5".to_owned()).await.unwrap();
    let Err(WriteError::Conflict(conflict)) = client.save(mine, "1".to_owned()).await else {
        panic!("no conflict");
    };
    assert_eq!(conflict.reason.as_deref(), Some("stale"));
    let Current::Exists(theirs) = conflict.theirs else {
        panic!("gone")
    };
    assert_eq!(theirs.value(), "5");
    client.save(theirs, "6".to_owned()).await.unwrap();
    assert_eq!(client.read::<String>(&uri).await.unwrap().value(), "6");
}

#[tokio::test]
async fn by_hyper_util() {
    cycle(hyper_client()).await;
}

#[tokio::test]
async fn by_reqwest() {
    cycle(reqwest_client()).await;
}

/// A connection that is refused has sent nothing; one that breaks may have.
#[tokio::test]
async fn a_connection_that_is_refused_has_sent_nothing() {
    let address = serve(counter::counter()).await;
    let uri: Uri = format!("http://{address}/counter").parse().unwrap();
    let client = hyper_client();
    let seen = client.read::<String>(&uri).await.unwrap();

    // Takes the request, and hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs_up: Uri = format!("http://{}/a", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let tag = seen.tag().unwrap().clone();
    let accepted = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        socket.readable().await.unwrap();
    });
    let broken =
        tower_conditional_client::Seen::member(hangs_up.clone(), String::new(), tag.clone());
    let error = client.save(broken, "1".to_owned()).await.unwrap_err();
    accepted.await.unwrap();
    let WriteError::AnswerLost(lost) = error else {
        panic!("{error:?}")
    };
    assert_eq!(lost.applied, Applied::Unknown);
    assert!(
        matches!(lost.theirs, Current::Unread(Error::NotSent(_))),
        "{:?}",
        lost.theirs
    );

    // Nobody listens there any more.
    let refused = tower_conditional_client::Seen::member(hangs_up, String::new(), tag);
    let error = client.save(refused, "1".to_owned()).await.unwrap_err();
    let WriteError::NotPerformed(refused) = error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(refused.why, Why::Other(Error::NotSent(_))),
        "{:?}",
        refused.why
    );
    assert_eq!(refused.mine.as_deref(), Some("1"));
}
