//! The recipe for object_store with S3, as two processes over one bucket.

use std::net::SocketAddr;

use store_kit::{Engine, Names, Statements, Store, try_out};
use test_support::{Client, Example, Protocol};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_holds() {
    let Some(engine) = Engine::start("s3.sh") else {
        return;
    };
    let mut bucket = Requests::of(&engine);
    let store = Store {
        name: "object_store, S3",
        program: env!("CARGO_BIN_EXE_object_store_s3"),
        arguments: vec![engine.url().to_owned()],
        processes: 2,
        names: Names::Distinct,
        // S3 makes its tags of the bytes.
        tags_come_back: true,
    };
    try_out(store).await.count(&mut bucket).await;
}

/// The requests that the server has counted.
struct Requests(SocketAddr);

impl Requests {
    fn of(engine: &Engine) -> Self {
        let address = engine.url().strip_prefix("http://").unwrap();
        Self(address.parse().unwrap())
    }

    /// Each on a connection of its own: the server takes one at a time.
    async fn ask(&mut self, path: &str) -> String {
        let mut client = Client::connect(self.0, Protocol::Http1).await;
        client.get(path, &[]).await.body
    }
}

impl Statements for Requests {
    async fn since(&mut self, _: &mut Example, _: &mut Client) -> Vec<String> {
        let requests = self.ask("/-requests").await;
        requests.lines().map(str::to_owned).collect()
    }
}
