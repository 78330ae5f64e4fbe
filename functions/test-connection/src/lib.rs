//! Dataphin's connection test: credentials, DingTalk, the store. `success`, or the reason for the administrator.

use axum::{Router, extract::State, http::StatusCode, response::Response, routing::post};
use shared::{
    config::DataphinConfig,
    dataphin::{Access, AccessQuery, reply},
    dingtalk::Class,
    engine::Engine,
    http::{
        Problem,
        door::{Body, Params},
    },
    world::World,
};

/// The body is a few words.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Clone)]
struct Door {
    engine: Engine,
    access: Access,
    world: World,
}

/// `check/connect`.
pub fn router(engine: Engine, config: &DataphinConfig, world: World) -> Router {
    let door = Door { engine, access: config.access.clone(), world };
    Router::new().route("/dataphin/bpms/check/connect", post(connect)).with_state(door)
}

async fn connect(
    State(door): State<Door>,
    query: Result<Params<AccessQuery>, Problem>,
    body: Result<Body<BODY_LIMIT>, Problem>,
) -> Response {
    reply::check_result(check(&door, query, body).await)
}

async fn check(
    door: &Door,
    query: Result<Params<AccessQuery>, Problem>,
    body: Result<Body<BODY_LIMIT>, Problem>,
) -> Result<(), Problem> {
    door.access.check(&query?.0, door.world.now())?;
    // What it says does not matter, that it is bounded does.
    body?;
    let (store, dingtalk) = tokio::join!(check_store(&door.engine), check_dingtalk(&door.engine));
    store.and(dingtalk)
}

async fn check_store(engine: &Engine) -> Result<(), Problem> {
    let problem = |message| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store", message);
    match engine.store().table_exists().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(problem("the bridge's table does not exist: check BRIDGE_TABLE")),
        Err(error) => {
            tracing::error!(%error, "connection test");
            Err(problem("the bridge cannot reach its store"))
        }
    }
}

async fn check_dingtalk(engine: &Engine) -> Result<(), Problem> {
    engine.dingtalk().check_credentials().await.map_err(|error| {
        let message = match error.class {
            Class::Token => {
                "DingTalk does not accept DINGTALK_APP_KEY and DINGTALK_APP_SECRET: compare them with \
                             Credentials and Basic Information in the developer console"
                    .to_owned()
            }
            Class::Permission => {
                format!(
                    "DingTalk does not let this server call it ({}): check the app's server egress IP list",
                    error.code
                )
            }
            _ => format!("DingTalk gives no access token ({})", error.code),
        };
        Problem::new(StatusCode::BAD_GATEWAY, "dingtalk", message)
    })
}
