//! The Lambda binary of `callback`.

use shared::lambda::{self, Failure};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    lambda::serve_quickly(|parts| {
        Ok(callback::router(parts.engine.clone(), &parts.config, parts.world.clone()))
    })
    .await
}
