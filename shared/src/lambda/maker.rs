//! Makes a function of what the secret and the environment say, or says why it cannot be made.

use std::fmt;

use super::{
    Failure,
    secrets::{NoSecret, Secret},
};
use crate::{
    assembly,
    config::{Config, Variables},
    engine::Engine,
    logs,
    store::Store,
    world::World,
};

/// The parts of a function.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The engine.
    pub engine: Engine,
    /// The clock and the randomness.
    pub world: World,
}

/// What there is where the parts of a function cannot be made.
pub struct Broken {
    /// Why.
    pub cause: Cause,
    /// As many variables as are known.
    pub variables: Variables,
    /// The store.
    pub store: Store,
    /// The clock and the randomness.
    pub world: World,
}

/// Why a function cannot be made.
#[derive(Debug)]
pub enum Cause {
    /// The secret cannot be read.
    Secret(NoSecret),
    /// It can, and what it and the environment say cannot be used.
    Configuration(Failure),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(error) => error.fmt(f),
            Self::Configuration(error) => error.fmt(f),
        }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Secret(error) => error.into(),
            Cause::Configuration(error) => error,
        }
    }
}

/// How a function is made of something.
pub(super) type Make<P, T> = Box<dyn Fn(P) -> Result<T, Failure> + Send + Sync>;

/// How a function is made.
pub(super) struct Maker<T> {
    /// Of its parts.
    pub make: Make<Parts, T>,
    /// Where there are none: a function that tells why.
    pub instead: Option<Make<Broken, T>>,
    pub store: Store,
    pub world: World,
}

impl<T> Maker<T> {
    /// Makes it. `None`: there is no secret, all is in the environment.
    pub fn make(&self, secret: Option<Result<Secret, NoSecret>>) -> Result<T, Box<Broken>> {
        let environment = Variables::from_env();
        let variables = match secret {
            None => environment,
            Some(Ok(secret)) => environment.with(secret.variables),
            Some(Err(error)) => return Err(self.broken(Cause::Secret(error), environment)),
        };
        logs::hide(&variables);
        self.of(variables.clone()).map_err(|error| self.broken(Cause::Configuration(error), variables))
    }

    /// The function that tells why, where there is one.
    pub fn make_instead(&self, broken: Broken) -> Result<T, Failure> {
        match &self.instead {
            Some(instead) => instead(broken),
            None => Err(broken.cause.into()),
        }
    }

    fn of(&self, variables: Variables) -> Result<T, Failure> {
        let config = Config::read(variables)?;
        let engine = assembly::engine(&config, self.store.clone(), self.world.clone(), false)?;
        (self.make)(Parts { config, engine, world: self.world.clone() })
    }

    fn broken(&self, cause: Cause, variables: Variables) -> Box<Broken> {
        Box::new(Broken { cause, variables, store: self.store.clone(), world: self.world.clone() })
    }
}
