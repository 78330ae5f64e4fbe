//! A write whose answer is lost is repeated by the client, and must not be taken for someone else's.

#![allow(clippy::expect_used)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use bridge::embedded::Embedded;
use shared::{store::Store, world::World};
use store_contract::{at, received};

/// An engine that does the next write and says nothing.
#[derive(Clone, Debug)]
struct Forgetful {
    engine: Embedded,
    forget: Arc<AtomicBool>,
}

impl HttpClient for Forgetful {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Forgetful {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let writes = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with("PutItem"));
        let forget = writes && self.forget.swap(false, Ordering::Relaxed);
        let answer = self.engine.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if forget { Err(ConnectorError::io("the connection is gone".into())) } else { answer }
        })
    }
}

#[tokio::test]
async fn our_own_repeated_write_is_no_conflict() {
    let forget = Arc::new(AtomicBool::new(false));
    let engine = Forgetful { engine: Embedded::in_memory().expect("an engine"), forget: forget.clone() };
    let store = Store::inside(engine, "lost-answer", World::real());
    store.create_table_if_missing().await.expect("a table");
    forget.store(true, Ordering::Relaxed);
    let first = store.commit(received("1")).await.expect("the first commit is ours");
    forget.store(true, Ordering::Relaxed);
    let second = store.commit(first.ask_withdrawal(at(1))).await.expect("the second commit is ours");
    assert_eq!(second.record.version, 2);
}
