//! A proxy that passes bytes on and breaks every connection in the middle: of a request, so that the server gets a part of it, or
//! of an answer, so that the server has done what the client never learns of.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Listens in one place, and connects to another for each connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) listen: SocketAddr,
    pub(crate) to: SocketAddr,
    /// After how many bytes of one direction a connection is cut, on average.
    pub(crate) bytes: u64,
}

/// Serves all links until the process is killed. Prints a line for each connection that it has cut.
pub(crate) async fn run(links: Vec<Link>) -> Result<(), String> {
    let mut listening = Vec::new();
    for link in links {
        let listener = TcpListener::bind(link.listen).await;
        let listener = listener.map_err(|error| format!("{}: {error}", link.listen))?;
        listening.push(tokio::spawn(serve(listener, link)));
    }
    for listening in listening {
        let _ = listening.await;
    }
    Err("nothing to listen to".to_owned())
}

async fn serve(listener: TcpListener, link: Link) {
    loop {
        // Out of descriptors, perhaps: not for ever.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        tokio::spawn(connected(client, link));
    }
}

/// Ends, and closes both sides, when either side has or when it is cut.
async fn connected(client: TcpStream, link: Link) {
    let Ok(server) = TcpStream::connect(link.to).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let limit = fastrand::u64(1..=2 * link.bytes);
    let cuts_request = fastrand::bool();
    let (requests, answers) = if cuts_request {
        (limit, u64::MAX)
    } else {
        (u64::MAX, limit)
    };
    let is_cut = tokio::select! {
        is_cut = pass_on(from_client, to_server, requests) => is_cut,
        is_cut = pass_on(from_server, to_client, answers) => is_cut,
    };
    if is_cut {
        println!("{}", if cuts_request { "request" } else { "answer" });
    }
}

/// Whether the limit was reached, and not the end.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut limit: u64) -> bool {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let passed = usize::try_from(limit).unwrap_or(usize::MAX).min(read);
        if to.write_all(&bytes[..passed]).await.is_err() {
            return false;
        }
        limit -= passed as u64;
        if limit == 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of connected sockets.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    async fn passed_on(sent: &[u8], limit: u64) -> (bool, Vec<u8>) {
        let ((mut near, from), (to, mut far)) = (pair().await, pair().await);
        near.write_all(sent).await.unwrap();
        near.shutdown().await.unwrap();
        let is_cut = pass_on(from.into_split().0, to.into_split().1, limit).await;
        let mut got = Vec::new();
        far.read_to_end(&mut got).await.unwrap();
        (is_cut, got)
    }

    #[tokio::test]
    async fn cuts_at_the_limit() {
        assert_eq!(
            passed_on(b"PUT /notes/1", 5).await,
            (true, b"PUT /".to_vec())
        );
        assert_eq!(passed_on(b"PUT /", 6).await, (false, b"PUT /".to_vec()));
    }
}
