//! The Lambda binary of `template`.

use std::error::Error;

use shared::{http::door, lambda};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (config, engine, world) = lambda::start().await?;
    let router = template::router(&engine, &config.bridge, world.clone());
    lambda_http::run(door::open(router, world)).await
}
