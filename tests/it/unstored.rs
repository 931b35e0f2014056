//! A store that takes nothing more while phones ring: the core neither gives up nor spins, and goes on where it stood.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use rinban::{
    alert::EventKind,
    config::Config,
    escalation::{EscalationId, Phase},
    node::Node,
    store::{Backend, StoreError},
};
use tokio::{net::TcpListener, time::Instant};

use crate::support::{self, PATIENCE};

const CONFIG: &str = r#"
state_dir = "state"
[[providers]]
name = "simulated"
kind = "simulated"
[simulator]
speed = 50
[simulator.people]
"+819000000001" = ["busy"]
[members.aya]
number = "+819000000001"
[groups.web]
members = ["aya"]
policy = "quick"
[policies.quick]
ring_timeout_secs = 2
callback_grace_secs = 0.3
round_pause_secs = 1
max_calls_per_hour = 1000
"#;

/// Whether the escalation waits for its next round.
async fn paused(node: &Node) -> bool {
    let escalation = node
        .store()
        .escalation(EscalationId(1))
        .await
        .expect("the store is read");
    escalation.is_some_and(|found| matches!(found.phase, Phase::Pausing { .. }))
}

/// Waits until the core has placed more calls than `calls`.
async fn called_again(node: &Node, calls: u64) {
    let again = async {
        while node.engine().totals().calls_placed_total <= calls {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("aya is called again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_can_be_stored_the_core_tries_again_without_haste_and_then_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its number");
    let text = format!("{CONFIG}[server]\nlisten = \"{address}\"\n");
    let config = Config::parse(&text, &dir.path().join("rinban.toml"));
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));

    let (full, tries) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let (is_full, tried) = (Arc::clone(&full), Arc::clone(&tries));
    let open = move |dir: &Path| {
        support::store::meddled(dir, move |sqlite, batches, now| {
            if is_full.load(Relaxed) {
                tried.fetch_add(1, Relaxed);
                return Err(StoreError::DiskFull {
                    path: "rinban.db".into(),
                });
            }
            sqlite.commit(batches, now)
        })
    };
    let node = Node::start_over(listener, config, None, open)
        .await
        .expect("the core starts");
    let problem = support::event("web", EventKind::Problem);
    node.engine().accept(vec![problem]).await.expect("stored");
    // Nothing happens in a pause but the timer that ends it.
    let pauses = async {
        while !paused(&node).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, pauses)
        .await
        .expect("the round ends");

    full.store(true, Relaxed);
    let calls = node.engine().totals().calls_placed_total;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tries = tries.load(Relaxed);
    assert!(
        (1..=12).contains(&tries),
        "{tries} tries within three seconds"
    );
    assert_eq!(
        node.engine().totals().calls_placed_total,
        calls,
        "P3: no call without its intent on disk"
    );

    full.store(false, Relaxed);
    called_again(&node, calls).await;
    node.stop().await;
}
