//! A sale that is under way, for those who try what they may not: it must look the same afterwards.

use holdfast::config::Config;
use serde_json::{Value, json};

use crate::http::{Request, send_raw};
use crate::people::{Admin, Buyer, Visitor};
use crate::server::TestServer;
use crate::table::{Cast, rows};

/// A server on which something is going on, and all that can be seen of it.
///
/// Ann has a hold (`gala.1`), bob a booking (`gala.2`) and a hold (`gala.3`), carl a place in the line of `tiny`, whose
/// one ticket is bob's (`tiny.1`), and dora has logged out. `secret` is a draft.
pub struct Stage {
    pub server: TestServer,
    pub cast: Cast,
    pub visitor: Visitor,
    pub admin: Admin,
    pub buyers: Vec<Buyer>,
}

impl Stage {
    pub async fn set() -> Stage {
        Stage::set_with(|_| ()).await
    }

    /// The same on a server whose configuration `adjust` has changed.
    pub async fn set_with(adjust: impl FnOnce(&mut Config)) -> Stage {
        let server = TestServer::start_with(adjust).await;
        let (visitor, admin) = (server.visitor(), server.admin());
        admin.put_on_sale("gala", 10).await;
        admin.put_on_sale("tiny", 1).await;
        admin.create(json!({ "id": "secret", "name": "Secret", "capacity": 5 })).await;
        let ann = server.login("ann").await;
        let bob = server.login("bob").await;
        let carl = server.login("carl").await;
        let dora = server.login("dora").await;
        ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
        bob.book("gala", json!({})).await.expect(201);
        bob.hold("gala", json!({})).await.expect(201);
        bob.book("tiny", json!({})).await.expect(201);
        carl.join("tiny", json!({})).await.expect(200);
        dora.log_out().await.expect_status(204);
        let mut cast = Cast::of(&server).with("liar", "a-token-that-opens-nothing");
        for buyer in [&ann, &bob, &carl, &dora] {
            cast = cast.with(&buyer.user, &buyer.token);
        }
        Stage { server, cast, visitor, admin, buyers: vec![ann, bob, carl] }
    }

    /// All that can be seen: the number of the newest change, the events, and what each buyer has.
    pub async fn sight(&self) -> Value {
        let mut belongings = Vec::new();
        for buyer in &self.buyers {
            belongings.push(buyer.mine().await);
        }
        json!({
            "durable_seq": self.visitor.durable_seq().await,
            "events": self.admin.get("/v1/admin/events").await.expect(200),
            "gala": self.visitor.event("gala").await,
            "tiny": self.visitor.event("tiny").await,
            "belongings": belongings,
        })
    }

    /// Plays a table of which every row must be refused, and nothing change.
    pub async fn refuse_all(&self, table: &str) {
        let before = self.sight().await;
        for row in rows(table) {
            assert!(row.line.rsplit_once("→ 4").is_some(), "no refusal: {}", row.line);
            self.cast.play(&row).await;
        }
        assert_eq!(self.sight().await, before);
    }

    /// Sends requests that no table can show, of which every one must be refused like this, and nothing change.
    pub async fn refuse_each(&self, who: &str, requests: impl IntoIterator<Item = Request>, status: u16, code: &str) {
        let before = self.sight().await;
        for request in requests {
            self.visitor.send(self.cast.sign(who, request)).await.expect_refusal(status, code);
        }
        assert_eq!(self.sight().await, before);
    }

    /// Sends bytes that no client would send, which must be refused like this, and nothing change.
    pub async fn refuse_raw(&self, bytes: &[u8], status: u16, code: &str) {
        let before = self.sight().await;
        let answer = send_raw(self.server.address(), bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
        assert_eq!(self.sight().await, before);
    }
}
