//! The network between a replica and its database, which can be cut, and can swallow answers.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::cluster;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    /// Requests go through, answers do not.
    Mute,
    /// Connections break, new ones too.
    Down,
}

/// What a replica connects to instead of the database.
pub(crate) struct Network {
    url: String,
    link: watch::Sender<Link>,
}

impl Network {
    pub(crate) async fn before(database_url: &str, link: Link) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, link) = watch::channel(link);
        tokio::spawn(serve(listener, cluster::address(database_url), link));
        Self {
            url: cluster::url_at(database_url, port),
            link: sender,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, link: Link) {
        self.link.send_replace(link);
    }
}

async fn serve(listener: TcpListener, database: (String, u16), link: watch::Receiver<Link>) {
    while let Ok((client, _)) = listener.accept().await {
        if *link.borrow() != Link::Down {
            let server = TcpStream::connect(&database).await.unwrap();
            tokio::spawn(connected(client, server, link.clone()));
        }
    }
}

/// Ends, and closes both sides, when either side has or the link is down.
async fn connected(client: TcpStream, server: TcpStream, mut link: watch::Receiver<Link>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut answering = link.clone();
    let answers = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            if !is_up(&mut answering).await || to_client.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        () = answers => {}
        _ = link.wait_for(|&link| link == Link::Down) => {}
    }
}

/// Waits until answers get through; never, if the test is over.
async fn is_up(link: &mut watch::Receiver<Link>) -> bool {
    link.wait_for(|&link| link == Link::Up).await.is_ok()
}
