//! The Lambda binary of `submit`.

use shared::lambda::{self, Failure};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    lambda::serve(|parts| {
        Ok(submit::router(parts.engine.clone(), &parts.config.dataphin, parts.world.clone()))
    })
    .await
}
