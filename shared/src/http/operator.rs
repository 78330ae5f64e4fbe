//! The operator's calls: whoever knows `BRIDGE_OPERATOR_TOKEN`, in the header `Authorization: Bearer …`.

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::Problem;
use crate::config::Home;

/// Lets only the operator in. Without a token nobody is.
pub fn only(router: Router, token: Option<SecretString>) -> Router {
    router.route_layer(middleware::from_fn_with_state(token, guard))
}

async fn guard(State(token): State<Option<SecretString>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    match check(token.as_ref(), given) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(token: Option<&SecretString>, authorization: Option<&[u8]>) -> Result<(), Problem> {
    let Some(token) = token else {
        let mend = match Home::here() {
            Home::Aws => "add BRIDGE_OPERATOR_TOKEN to the stack's secret (`bridge keygen` makes one)",
            Home::Machine => "set BRIDGE_OPERATOR_TOKEN (`bridge keygen` makes one) and restart the bridge",
        };
        let message = format!("the operator's calls are off: {mend}");
        return Err(Problem::new(StatusCode::NOT_FOUND, "operator-off", message));
    };
    let given = authorization.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    if bool::from(token.expose_secret().as_bytes().ct_eq(given)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "operator-token",
        "send the header `Authorization: Bearer <BRIDGE_OPERATOR_TOKEN>`",
    )
    .for_wrong_credential("operator-token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_token_opens() {
        let token = SecretString::from("a-long-operator-token");
        let check = |token: Option<&SecretString>, given: Option<&str>| {
            check(token, given.map(str::as_bytes)).map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(check(Some(&token), Some("Bearer a-long-operator-token")), Ok(()));
        for wrong in [
            None,
            Some(""),
            Some("Bearer "),
            Some("a-long-operator-token"),
            Some("Bearer a-long-operator-tokem"),
        ] {
            assert_eq!(check(Some(&token), wrong), Err(401), "{wrong:?}");
        }
        assert_eq!(check(None, Some("Bearer a-long-operator-token")), Err(404));
        assert_eq!(check(None, Some("Bearer ")), Err(404));
    }
}
