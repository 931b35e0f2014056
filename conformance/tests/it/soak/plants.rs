//! Three mistakes that are made on purpose, each of which must be found.

use std::time::{Duration, Instant};

use super::{line, soak, text};

/// Each is found within this, shrinking included.
const SOON: Duration = Duration::from_secs(60);

fn is_found(plant: &str, promise: &str) {
    let begun = Instant::now();
    let output = soak(&["--escalations", "4000", "--seed", "3", "--plant", plant]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{plant}: {stdout}");
    assert!(begun.elapsed() < SOON, "{plant} took {:?}", begun.elapsed());
    let broken = line(&stdout, "BROKEN");
    assert!(broken.contains(promise), "{plant}: {broken}");
    assert!(
        stdout.contains("the core is told"),
        "{plant}: no journal in\n{stdout}"
    );

    // The command that is printed shows the same again.
    let again = line(&stdout, "see it again: conformance soak ");
    let arguments: Vec<&str> = again.split_whitespace().skip(5).collect();
    let output = soak(&arguments);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stdout}");
    assert!(line(&stdout, "BROKEN").contains(promise), "{stdout}");
}

#[test]
fn a_status_that_runs_backwards_is_found() {
    is_found("status-backwards", "P10");
}

#[test]
fn a_request_that_goes_out_before_its_intent_is_on_disk_is_found() {
    is_found("request-first", "P3");
}

#[test]
fn a_timer_that_is_lost_when_a_core_takes_over_is_found() {
    is_found("timer-lost", "P2");
}
