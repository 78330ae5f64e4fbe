//! The Lambda binary of `sweep`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::lambda::{Failure, Live};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok(parts.engine)).await?;
    let handle = async |_: LambdaEvent<Value>| {
        live.keep_up().await;
        let swept = sweep::sweep(&*live.current().await).await;
        live.flush();
        let swept = swept?;
        Ok::<_, Failure>(json!({"due": swept.due, "failed": swept.failed}))
    };
    lambda_runtime::run(service_fn(handle)).await
}
