//! The Lambda binary of `relay`.

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use shared::lambda::{Failure, Live};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let live = Live::start(|parts| Ok(parts.engine)).await?;
    let handle = async |event: LambdaEvent<Event>| {
        live.keep_up().await;
        let response = relay::relay(&*live.current().await, event.payload).await;
        live.flush();
        Ok::<_, Failure>(response)
    };
    lambda_runtime::run(service_fn(handle)).await
}
