//! The operator's calls: off unless `BRIDGE_OPERATOR_TOKEN` is set, and then open to whoever knows it.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::Problem;

/// A state that knows the operator's token, if there is one.
pub trait KnowsOperator {
    /// `BRIDGE_OPERATOR_TOKEN`.
    fn operator_token(&self) -> Option<&SecretString>;
}

/// The caller is the operator: `Authorization: Bearer <BRIDGE_OPERATOR_TOKEN>`. Extracted before anything is done.
#[derive(Debug)]
pub struct Operator(());

impl Operator {
    /// Checks the value of the header `Authorization`.
    pub fn check(token: Option<&SecretString>, authorization: Option<&str>) -> Result<Self, Problem> {
        let Some(token) = token else {
            let message =
                "the operator's calls are off: set BRIDGE_OPERATOR_TOKEN (`bridge keygen` makes one)";
            return Err(Problem::new(StatusCode::NOT_FOUND, "operator-off", message));
        };
        let given = authorization.and_then(bearer).unwrap_or_default();
        if bool::from(token.expose_secret().as_bytes().ct_eq(given.as_bytes())) {
            return Ok(Self(()));
        }
        let message = "this call takes the header Authorization: Bearer <BRIDGE_OPERATOR_TOKEN>";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "operator-token", message))
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: KnowsOperator + Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        Self::check(state.operator_token(), authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens_and_without_one_nothing_does() {
        let token = SecretString::from("a-long-operator-token");
        let code = |token: Option<&SecretString>, given: Option<&str>| {
            Operator::check(token, given).map(|_| ()).map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(code(Some(&token), Some("Bearer a-long-operator-token")), Ok(()));
        assert_eq!(code(Some(&token), Some("bearer  a-long-operator-token ")), Ok(()));
        for wrong in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some("Basic a-long-operator-token"),
            Some("Bearer a-long-operator-tokeN"),
        ] {
            assert_eq!(code(Some(&token), wrong), Err(401), "{wrong:?}");
        }
        assert_eq!(code(None, Some("Bearer ")), Err(404));
    }
}
