//! The Lambda binary of `relay`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::lambda::{Failure, Live};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok((parts.engine, parts.world))).await?;
    let handle = async |event: LambdaEvent<Value>| {
        let work = async |engine: &_, time| relay::relay(engine, &event.payload, time).await;
        Ok::<_, Failure>(live.work(event.context.deadline, work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
