//! `load.js`, run by k6 itself.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{bare, bookings, example, need, repository};
use crate::program::{End, Program};
use crate::server::TestServer;

/// About 40 buyers in two seconds, each with a virtual user of its own, so that none is left out however slow the machine is.
/// Nor may it be too slow for the script's bound of the latency.
const VARIABLES: [&str; 5] = ["RATE=20", "DURATION=2s", "VUS=40", "P99_MS=60000", "RUN=1"];

/// What k6 ends with where a threshold is crossed.
const THRESHOLD_CROSSED: i32 = 99;
/// What k6 ends with where the script gives up.
const SCRIPT_FAILED: i32 = 107;

/// The k6 that `make` installs, or else that of the system.
#[track_caller]
fn k6() -> Command {
    let installed = repository().join(".tools/k6/bin/k6");
    let program = if installed.exists() { installed.display().to_string() } else { "k6".to_owned() };
    need(bare(&program).arg("version"), "install k6: make clients");
    bare(&program)
}

/// A run of the script against the server, which leaves its summary in `directory`.
async fn load(server: &TestServer, event: &str, directory: &Path) -> End {
    let mut command = k6();
    // k6 has an address of its own by default: the tests run beside each other.
    command.args(["run", "--quiet", "--no-usage-report", "--address", ""]);
    command.arg("--summary-export").arg(directory.join("summary.json"));
    let url = format!("URL=http://{}", server.address());
    let event = format!("EVENT={event}");
    for variable in VARIABLES.into_iter().chain([url.as_str(), event.as_str()]) {
        command.args(["-e", variable]);
    }
    Program::start(command.arg(example("load.js")).env("HOME", directory)).end().await
}

fn summary(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("summary.json")).expect("a summary");
    serde_json::from_str::<Value>(&text).expect("JSON")["metrics"].take()
}

#[tokio::test]
async fn it_sells_what_there_is_and_tells_how_many() {
    let server = TestServer::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    server.admin().put_on_sale("gala", 30).await;
    let end = load(&server, "gala", directory.path()).await;
    assert_eq!(end.exit_code, 0, "{end:#?}");
    let metrics = summary(directory.path());
    let count_of = |name: &str| metrics[name]["count"].as_u64().expect("a count");
    // How many buyers come in a time, k6 keeps but roughly.
    let buyers = count_of("iterations");
    assert!(buyers > 30, "{metrics:#}");
    assert_eq!((count_of("booked"), count_of("sold_out")), (30, buyers - 30), "{metrics:#}");

    let mut booked = bookings(&server, "gala").await;
    booked.sort();
    booked.dedup();
    assert_eq!(booked.len(), 30, "each of another buyer");
    let event = server.visitor().event("gala").await;
    let figures = ["available", "held", "booked"].map(|name| &event[name]);
    assert_eq!(figures, [&json!(0), &json!(0), &json!(30)]);
    let sessions = server.admin().get("/v1/admin/sessions?limit=200").await.expect(200);
    assert_eq!(sessions["items"].as_array().map(Vec::len), usize::try_from(buyers).ok());
}

#[tokio::test]
async fn a_sale_that_refuses_buyers_is_no_success() {
    let server = TestServer::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    server.admin().put_on_sale("gala", 30).await;
    server.admin().set_status("gala", "paused").await.expect_status(200);
    let end = load(&server, "gala", directory.path()).await;
    assert_eq!(end.exit_code, THRESHOLD_CROSSED, "{end:#?}");
    // In the summary, a threshold is true where it was crossed.
    assert_eq!(summary(directory.path())["checks"]["thresholds"], json!({ "rate>0.999": true }));
    assert!(bookings(&server, "gala").await.is_empty());

    let end = load(&server, "nope", directory.path()).await;
    assert!(end.exit_code == SCRIPT_FAILED && end.complaints.contains("has no event nope for buyers"), "{end:?}");
}
