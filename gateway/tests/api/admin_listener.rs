//! Administration on a listener of its own.

use crate::http::get;
use crate::people::{Admin, Visitor};
use crate::server::TestServer;

async fn server() -> TestServer {
    TestServer::start_with(|config| config.admin.listen = "127.0.0.1:0".to_owned()).await
}

#[tokio::test]
async fn administration_and_metrics_are_on_their_listener_and_nowhere_else() {
    let server = server().await;
    let (public, inner) = (server.visitor(), Visitor::over(server.admin_connection()));
    Admin::over(server.admin_connection()).put_on_sale("gala", 1).await;

    for path in [
        "/metrics",
        "/v1/admin/events",
        "/v1/admin/changes",
        "/v1/admin/nothing",
        "/v1/admin",
        "/admin",
        "/admin/page.js",
    ] {
        public.get(path).await.expect_refusal(404, "not_found");
        server.admin().get(path).await.expect_refusal(404, "not_found");
    }
    inner.get("/metrics").await.expect_status(200);
    inner.get("/v1/admin/events").await.expect_refusal(401, "unauthenticated");

    for path in ["/v1/events", "/v1/events/gala", "/v1/sessions/me", "/", "/buyer/page.js", "/nothing"] {
        inner.get(path).await.expect_refusal(404, "not_found");
    }
    for path in ["/livez", "/readyz", "/version"] {
        inner.get(path).await.expect(200);
        public.get(path).await.expect(200);
    }
    for path in ["/admin", "/admin/page.js"] {
        inner.get(path).await.expect_status(200);
    }
    for path in ["/style.css", "/render.js", "/icons.js"] {
        inner.get(path).await.expect_status(200);
        public.get(path).await.expect_status(200);
    }
    assert_eq!(public.event("gala").await["available"], 1);
    server.login("ann").await;
}

#[tokio::test]
async fn both_listeners_stop_and_start_together() {
    let mut server = server().await;
    Admin::over(server.admin_connection()).put_on_sale("gala", 1).await;
    server.stop_and_start_again().await;
    assert_eq!(Admin::over(server.admin_connection()).event("gala").await["capacity"], 1);
    assert_eq!(server.visitor().event("gala").await["capacity"], 1);
}

#[tokio::test]
async fn a_crowd_at_one_listener_does_not_shut_the_other() {
    let server = TestServer::start_with(|config| {
        config.admin.listen = "127.0.0.1:0".to_owned();
        config.limits.connections_max = 1;
    })
    .await;
    let (public, inner) = (server.visitor(), Visitor::over(server.admin_connection()));
    public.get("/livez").await.expect(200);
    server.visitor().send(get("/livez")).await.expect_refusal(503, "overloaded");
    inner.get("/livez").await.expect(200);
}
