//! The Lambda binary of `test-connection`.

use std::error::Error;

use shared::{diagnosis::Doctor, http::door, lambda};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (config, engine, world) = lambda::start().await?;
    let doctor = Doctor::new(&config, &engine, world.clone())?;
    let router = test_connection::router(engine, doctor, &config, world.clone());
    lambda_http::run(door::open(router, world)).await
}
