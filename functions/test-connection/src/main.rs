//! The Lambda binary of `test-connection`.

use shared::{
    diagnosis::Doctor,
    lambda::{self, Failure},
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    lambda::serve(|parts| {
        let doctor = Doctor::new(&parts.config, &parts.engine, parts.world.clone())?;
        Ok(test_connection::router(parts.engine.clone(), doctor, &parts.config, parts.world.clone()))
    })
    .await
}
