//! The Lambda binary of `test-connection`.

use shared::{
    diagnosis::Doctor,
    lambda::{self, Failure, Parts},
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let router = |parts: &Parts| {
        let doctor = Doctor::new(&parts.config, &parts.engine, parts.world.clone())?;
        Ok(test_connection::router(parts.engine.clone(), doctor, &parts.config, parts.world.clone()))
    };
    lambda::serve_or(router, |broken| Ok(test_connection::broken::router(broken)?)).await
}
