//! The recipe for object_store with S3 as a replica: `object_store_s3 ENDPOINT`.

use std::process::ExitCode;

use object_store::aws::AmazonS3Builder;
use store_kit::Replica;

include!("../../../src/recipes/stores/object_store.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let s3 = AmazonS3Builder::new()
            .with_endpoint(&replica.store)
            .with_allow_http(true)
            .with_bucket_name("notes")
            .with_region("us-east-1")
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .build()?;
        Ok(app(Arc::new(s3), replica.writes))
    })
    .await
}
