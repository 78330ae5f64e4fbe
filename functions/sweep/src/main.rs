//! The Lambda binary of `sweep`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::lambda::{Failure, Live};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok((parts.engine, parts.world))).await?;
    let handle = async |event: LambdaEvent<Value>| {
        let work = async |engine: &_, time| {
            live.note_version().await;
            sweep::sweep(engine, time).await
        };
        let swept = live.work(event.context.deadline, work).await?;
        Ok::<_, Failure>(json!({"due": swept.due, "failed": swept.failed, "left": swept.left}))
    };
    lambda_runtime::run(service_fn(handle)).await
}
