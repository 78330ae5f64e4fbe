//! The Lambda binary of `test-connection`.

use std::error::Error;

use shared::{http::door, lambda};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (config, engine, world) = lambda::start().await?;
    let router = test_connection::router(engine, &config.dataphin, world.clone());
    lambda_http::run(door::open(router, world)).await
}
