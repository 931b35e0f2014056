//! The metric plugin: the agent asks once for the graphs, then every minute for values.

use std::collections::BTreeSet;

use crate::as_the_agent_runs_it::{Host, PLUGIN, answer_health, run};

#[test]
fn the_agent_is_told_the_graphs_even_when_no_core_runs() {
    let host = Host::without_core();
    let (code, stdout, stderr) = run(host
        .command(PLUGIN, &[])
        .env("MACKEREL_AGENT_PLUGIN_META", "1"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let (marker, json) = stdout.split_once('\n').expect("two lines");
    assert_eq!(marker, "# mackerel-agent-plugin");
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(json["graphs"]["rinban.calls"]["unit"], "float");
}

/// The units of which the agent's documentation speaks.
const UNITS: [&str; 9] = [
    "float",
    "integer",
    "percentage",
    "seconds",
    "milliseconds",
    "bytes",
    "bytes/sec",
    "bits/sec",
    "iops",
];

/// Whether a name has only what Mackerel takes, `-a-zA-Z0-9_` and what is named.
fn is_name(name: &str, more: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || more.contains(c);
    !name.is_empty() && name.chars().all(is_good)
}

/// The names of all metrics that a description announces, in the form in which the values are printed.
fn announced(description: &str) -> BTreeSet<String> {
    let (marker, json) = description.split_once('\n').expect("two lines");
    assert_eq!(marker, "# mackerel-agent-plugin");
    let json: serde_json::Value = serde_json::from_str(json).expect("one JSON document");
    let mut names = BTreeSet::new();
    for (graph, meta) in json["graphs"].as_object().expect("graphs") {
        assert!(is_name(graph, "."), "{graph}");
        assert!(
            UNITS.contains(&meta["unit"].as_str().expect("a unit")),
            "{meta}"
        );
        assert!(!meta["label"].as_str().expect("a label").is_empty());
        for metric in meta["metrics"].as_array().expect("metrics") {
            let name = metric["name"].as_str().expect("a name");
            assert!(is_name(name, ""), "{name}");
            assert!(metric["stacked"].is_boolean());
            assert!(!metric["label"].as_str().expect("a label").is_empty());
            assert!(
                names.insert(format!("{graph}.{name}")),
                "{graph}.{name} comes twice"
            );
        }
    }
    names
}

#[test]
fn what_is_announced_is_printed_and_nothing_else() {
    let host = Host::with_core();
    let health = r#"{"status":"ok","uptime_secs":99999}"#.to_owned();
    host.configure(answer_health(vec![health]));
    for prefix in ["rinban", "night.rin-ban_2"] {
        let args = ["--metric-key-prefix", prefix];
        let mut meta = host.command(PLUGIN, &args);
        let (_, description, _) = run(meta.env("MACKEREL_AGENT_PLUGIN_META", "1"));
        // The first run has nothing to compare with; a second one within the same instant would not either.
        run(&mut host.command(PLUGIN, &args));
        let (_, values, _) = run(&mut host.command(PLUGIN, &args));
        let printed: BTreeSet<_> = values
            .lines()
            .map(|line| line.split('\t').next().expect("a name").to_owned())
            .collect();
        assert_eq!(printed, announced(&description));
        assert!(printed.iter().all(|name| name.starts_with(prefix)));
    }
}

#[test]
fn values_are_printed_and_totals_become_rates() {
    let host = Host::with_core();
    let health = |placed| {
        format!(r#"{{"status":"ok","open_alerts":2,"live_calls":1,"calls_placed_total":{placed}}}"#)
    };
    host.configure(answer_health(vec![health(5), health(9)]));
    let collect = || {
        let (code, stdout, stderr) = run(host
            .command(PLUGIN, &[])
            .env("MACKEREL_AGENT_PLUGIN_META", ""));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        for line in stdout.lines() {
            let fields: Vec<_> = line.split('\t').collect();
            assert_eq!(fields.len(), 3, "{line}");
            assert!(fields[0].starts_with("rinban."), "{line}");
            assert!(fields[1].parse::<f64>().is_ok_and(f64::is_finite), "{line}");
            assert!(
                fields[2]
                    .parse::<u64>()
                    .is_ok_and(|epoch| epoch > 1_700_000_000),
                "{line}"
            );
        }
        stdout
    };
    let first = collect();
    assert!(first.contains("rinban.open.alerts\t2\t"), "{first}");
    assert!(!first.contains("rinban.calls.placed"), "{first}");
    let second = collect();
    assert!(second.contains("rinban.calls.placed\t"), "{second}");
}

#[test]
fn a_core_that_is_down_is_no_value_and_one_line() {
    let host = Host::without_core();
    let (code, stdout, stderr) = run(&mut host.command(PLUGIN, &[]));
    assert_eq!(
        (code, stdout.as_str(), stderr.lines().count()),
        (Some(1), "", 1),
        "{stderr}"
    );
    assert_eq!(stderr.matches("Connection refused").count(), 1, "{stderr}");
}
