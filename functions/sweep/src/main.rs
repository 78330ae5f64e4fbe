//! The Lambda binary of `sweep`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use shared::{
    engine::WorkTime,
    lambda::{Failure, Live, time_left},
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok((parts.engine, parts.world))).await?;
    let handle = async |event: LambdaEvent<Value>| {
        live.keep_up().await;
        live.note_version().await;
        let current = live.current().await;
        let (engine, world) = &*current;
        let time = WorkTime::of(time_left(event.context.deadline, world));
        let swept = sweep::sweep(engine, time).await;
        if engine.turned_away() {
            // The next attempt is made with what is in the secret by now.
            live.changed().await;
        }
        live.flush();
        let swept = swept?;
        Ok::<_, Failure>(json!({"due": swept.due, "failed": swept.failed, "left": swept.left}))
    };
    lambda_runtime::run(service_fn(handle)).await
}
