//! The metric plugin: the agent asks once for the graphs, then every minute for values.

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
