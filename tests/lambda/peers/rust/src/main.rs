//! A function that does nothing but one call by TLS at its start.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = std::env::var("AWS_ENDPOINT_URL")?;
    let _ = reqwest::Client::new().post(address).send().await;
    run(service_fn(async |event: LambdaEvent<Value>| Ok::<_, Error>(event.payload))).await
}
