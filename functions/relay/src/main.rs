//! The Lambda binary of `relay`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::{
    engine::WorkTime,
    lambda::{Failure, Live, time_left},
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok((parts.engine, parts.world))).await?;
    let handle = async |event: LambdaEvent<Value>| {
        live.keep_up().await;
        let current = live.current().await;
        let (engine, world) = &*current;
        let time = WorkTime::of(time_left(event.context.deadline, world));
        let response = relay::relay(engine, &event.payload, time).await;
        if engine.turned_away() {
            // The next attempt is made with what is in the secret by now.
            live.changed().await;
        }
        live.flush();
        Ok::<_, Failure>(response)
    };
    lambda_runtime::run(service_fn(handle)).await
}
