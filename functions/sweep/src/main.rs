//! The Lambda binary of `sweep`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::lambda::{Failure, Live};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok(parts.engine)).await?;
    let handle = async |_: LambdaEvent<Value>| {
        live.keep_up().await;
        let engine = live.current().await;
        let swept = sweep::sweep(&engine).await;
        if engine.turned_away() {
            // The next attempt is made with what is in the secret by now.
            live.changed().await;
        }
        live.flush();
        let swept = swept?;
        Ok::<_, Failure>(json!({"due": swept.due, "failed": swept.failed}))
    };
    lambda_runtime::run(service_fn(handle)).await
}
