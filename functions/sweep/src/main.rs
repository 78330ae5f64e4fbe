//! The Lambda binary of `sweep`.

use std::error::Error;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::lambda;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (_, engine, _) = lambda::start().await?;
    let handle = async |_: LambdaEvent<Value>| {
        let swept = sweep::sweep(&engine).await?;
        Ok::<_, Box<dyn Error + Send + Sync>>(json!({"due": swept.due, "failed": swept.failed}))
    };
    lambda_runtime::run(service_fn(handle)).await
}
