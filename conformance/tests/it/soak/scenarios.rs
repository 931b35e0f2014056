//! The questions, on a small scale where they can be small.

use super::{line, soak, text};

fn answered(arguments: &[&str]) -> String {
    let output = soak(arguments);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}:\n{stdout}");
    stdout
}

fn figure(output: &str, name: &str) -> f64 {
    let figure = line(output, name).split_whitespace().next_back();
    figure
        .and_then(|figure| figure.parse().ok())
        .expect("a figure")
}

#[test]
fn with_a_third_of_all_requests_failing_no_page_is_lost() {
    let stdout = answered(&["--scenario", "pages", "--escalations", "1200"]);
    let wrong = figure(&stdout, "requests that went wrong");
    assert!((25.0..35.0).contains(&wrong), "{stdout}");
    assert!(
        figure(&stdout, "requests of unknown outcome") > 50.0,
        "{stdout}"
    );
}

#[test]
fn a_carrier_that_is_gone_for_an_hour_hears_of_probes_only() {
    let stdout = answered(&["--scenario", "outage"]);
    assert!(
        figure(&stdout, "probes of it while it was gone") >= 5.0,
        "{stdout}"
    );
    assert!(
        figure(&stdout, "calls through the spare meanwhile") > 50.0,
        "{stdout}"
    );
}

#[test]
fn who_takes_over_inherits_what_is_known_of_the_carriers() {
    let stdout = answered(&["--scenario", "takeover"]);
    assert!(figure(&stdout, "takeovers  ") >= 50.0, "{stdout}");
}

#[test]
fn a_rate_is_held_under_many_callers_and_over_restarts() {
    let stdout = answered(&["--scenario", "limiter"]);
    assert!(figure(&stdout, "off the rate").abs() <= 1.0, "{stdout}");
}
