//! Many operations in one call, for a sale's own back end. They are not a transaction: each is decided and answered as if it
//! had come by itself.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::idempotency::IdempotencyKey;
use holdfast_engine::engine::Engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::{self, Answered};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{BackEnd, Buyer};
use crate::objects::{self, NumberedId, Time, Written};
use crate::openapi::refusals;
use crate::operation::{BookBody, ConfirmBody, HoldBody, Operation};
use crate::request::{Batch, Object, operation_key};
use crate::traces;

/// The most operations of one batch.
const OPERATIONS_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(run))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchBody {
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 1_000)]
    operations: Vec<Object<Item>>,
}

/// An operation as it was sent. Written again, it is what its idempotency key stands for: all but who asks, and the key.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = BatchOperation)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Item {
    Hold {
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(required = true)]
        token: String,
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
        idempotency_key: Option<String>,
        #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
        event: String,
        #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
        ticket_type: Option<String>,
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: Option<i64>,
        #[schema(minimum = 1, maximum = 1_000_000)]
        min_quantity: Option<i64>,
        wait: Option<bool>,
    },
    Confirm {
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(required = true)]
        token: String,
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
        idempotency_key: Option<String>,
        #[schema(value_type = NumberedId)]
        hold: String,
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: Option<i64>,
    },
    Release {
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(required = true)]
        token: String,
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
        idempotency_key: Option<String>,
        #[schema(value_type = NumberedId)]
        hold: String,
    },
    Book {
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(required = true)]
        token: String,
        #[serde(skip_serializing_if = "is_no_part_of_it")]
        #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
        idempotency_key: Option<String>,
        #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
        event: String,
        #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
        ticket_type: Option<String>,
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: Option<i64>,
    },
}

/// Who asks, and with which key, is no part of what an operation says.
fn is_no_part_of_it<T>(_: &T) -> bool {
    true
}

/// What became of the operations, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchResults)]
struct Results {
    results: Vec<ItemResult>,
    server_time: Time,
}

/// What an operation would have been answered by itself; the headers of that answer are members here.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchResult)]
struct ItemResult {
    status: u16,
    /// The body of that answer, or the problem.
    #[schema(value_type = Option<Object>)]
    body: Option<Written>,
    seq: Option<u64>,
    replayed: bool,
    retry_after_seconds: Option<u64>,
}

/// Runs many operations of many buyers.
///
/// It is not a transaction: each operation is decided and answered as if it had come by itself, and has a key of its own.
#[utoipa::path(
    post, path = "/v1/batch", operation_id = "run_batch", tag = "batches",
    request_body = BatchBody,
    responses((status = 200, description = "What became of each operation, in their order", body = Results)),
    security(("back_end_token" = [])),
    extensions(("x-refusals" = json!(refusals::BATCH))),
)]
async fn run(
    State(gateway): State<Arc<Gateway>>,
    BackEnd: BackEnd,
    Batch(BatchBody { operations }): Batch<BatchBody>,
) -> Result<Response, ApiError> {
    if !(1..=OPERATIONS_MAX).contains(&operations.len()) {
        return Err(ApiError::invalid("operations", format!("must be 1 to {OPERATIONS_MAX}")));
    }
    let engine = gateway.engine()?;
    // All are sent before the first answer is waited for: so they share turns and syncs of the disk, and whoever hangs up has
    // had all of them done.
    let answers: Vec<_> = operations.into_iter().map(|Object(item)| item.submit(&gateway, engine)).collect();
    let results = async {
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            let answered = match answer {
                Ok(answer) => answer.await,
                Err(refusal) => Err(refusal),
            };
            results.push(ItemResult::from(answered.unwrap_or_else(Answered::refused)));
        }
        results
    };
    let results = traces::engine(results).await;
    let results = Results { results, server_time: Time::of(engine.now_ms()) };
    Ok(answer::personal(answer::body(Success::Ok, results)))
}

impl Item {
    /// Sends the operation to its event, in the order in which a call of its own is looked at: the session and its rate, the
    /// key, the values.
    fn submit<'engine>(
        self,
        gateway: &Gateway,
        engine: &'engine Engine,
    ) -> Result<impl Future<Output = Result<Answered, ApiError>> + use<'engine>, ApiError> {
        let buyer = Buyer::of(gateway, self.token(), true)?;
        let key = self.key()?;
        self.operation()?.submit(engine, buyer.asker(), key)
    }

    fn token(&self) -> &str {
        let (Item::Hold { token, .. }
        | Item::Confirm { token, .. }
        | Item::Release { token, .. }
        | Item::Book { token, .. }) = self;
        token
    }

    fn key(&self) -> Result<Option<IdempotencyKey>, ApiError> {
        let (Item::Hold { idempotency_key, .. }
        | Item::Confirm { idempotency_key, .. }
        | Item::Release { idempotency_key, .. }
        | Item::Book { idempotency_key, .. }) = self;
        let Some(key) = idempotency_key else { return Ok(None) };
        let said = serde_json::to_vec(self).expect("texts and numbers can be written");
        operation_key(key, &said).map(Some)
    }

    fn operation(self) -> Result<Operation, ApiError> {
        match self {
            Item::Hold { event, ticket_type, quantity, min_quantity, wait, .. } => {
                Operation::hold(&event, HoldBody { ticket_type, quantity, min_quantity, wait })
            }
            Item::Confirm { hold, quantity, .. } => Operation::confirm(&hold, &ConfirmBody { quantity }),
            Item::Release { hold, .. } => Operation::release(&hold),
            Item::Book { event, ticket_type, quantity, .. } => {
                Operation::book(&event, BookBody { ticket_type, quantity })
            }
        }
    }
}

impl From<Answered> for ItemResult {
    fn from(Answered { told, seq, is_replay }: Answered) -> ItemResult {
        let (status, body, retry_after_seconds) = match told {
            Ok((success, body)) => (success.status(), body, None),
            Err(refusal) => (refusal.status(), Some(objects::written(&refusal.problem())), refusal.wait_seconds()),
        };
        ItemResult { status: status.as_u16(), body, seq, replayed: is_replay, retry_after_seconds }
    }
}
