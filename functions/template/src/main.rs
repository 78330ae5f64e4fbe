//! The Lambda binary of `template`.

use shared::lambda::{self, Failure};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    lambda::serve(|parts| Ok(template::router(&parts.engine, &parts.config.bridge, parts.world.clone())))
        .await
}
