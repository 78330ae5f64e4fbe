//! The Lambda binary of `relay`.

use std::error::Error;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use shared::lambda;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (_, engine, _) = lambda::start().await?;
    let handle = async |event: LambdaEvent<Event>| {
        Ok::<_, std::convert::Infallible>(relay::relay(&engine, event.payload).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
