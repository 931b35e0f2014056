//! A page and its recovery through each kind of source, with phones that ring.

use rinban::escalation::{Effect, Escalation, EscalationId, Input, Left, Phase};

use crate::{
    sources::{MACKEREL, payload, start, taken, with_token},
    support::{
        core::{Core, Home},
        http::Request,
        wait_for,
    },
};

#[track_caller]
fn wait_for_phase(home: &Home, id: u64, is_it: impl Fn(&Phase) -> bool) -> Escalation {
    wait_for("the phase", || {
        let found = home.reader().escalation(EscalationId(id)).ok()??;
        is_it(&found.phase).then_some(found)
    })
}

fn placed(home: &Home, id: u64) -> usize {
    let journal = home.journal(id);
    let effects = journal.iter().flat_map(|entry| entry.effects.iter());
    effects
        .filter(|effect| matches!(effect, Effect::Place { .. }))
        .count()
}

/// Why an alert left its escalation, in order.
fn left(home: &Home, id: u64) -> Vec<Left> {
    let journal = home.journal(id).into_iter();
    let left = journal.filter_map(|entry| match entry.input {
        Input::AlertLeft { why, .. } => Some(why),
        _ => None,
    });
    left.collect()
}

#[test]
fn mackerel_pages_with_the_secret_in_the_path_and_its_close_ends_the_alert() {
    let (home, core) = start(MACKEREL);
    let send = |name: &str| {
        let path = "/v1/sources/mkr/a%20secret%20of%20the%20sources";
        taken(&core.send(&super::post(path, payload("mackerel", name))))
    };
    assert_eq!(send("sample"), (0, 0, 1));
    assert_eq!(send("host-critical"), (1, 1, 0));
    // The resend of an open alert.
    assert_eq!(send("host-critical"), (1, 0, 0));
    let taken = wait_for_phase(&home, 1, |phase| {
        matches!(phase, Phase::Acknowledged { .. })
    });
    assert_eq!(taken.group.as_str(), "web");
    assert_eq!(send("host-warning"), (1, 1, 0));
    assert_eq!(core.health()["open_alerts"], 1);
    assert_eq!(send("host-manual-close"), (1, 1, 0));
    core.wait_for_alerts(0);
    wait_for_phase(&home, 1, |phase| *phase == Phase::Over);
    let reason = "manual close by aya@demo.example".to_owned();
    assert_eq!(left(&home, 1), [Left::Recovered(Some(reason))]);
    assert_eq!(send("host-closed"), (1, 0, 0));
    assert_eq!(placed(&home, 1), 1);
    for name in [
        "host-status",
        "host-register",
        "host-retire",
        "monitor-create",
        "monitor-update",
        "monitor-delete",
    ] {
        assert_eq!(send(name), (0, 0, 1), "{name}");
    }
    assert_eq!(send("alert-group-without-setting"), (1, 1, 0));
    core.wait_for_alerts(1);
    assert_eq!(send("alert-group-closed"), (1, 1, 0));
    core.wait_for_alerts(0);
    let health = core.health();
    assert_eq!(health["source_events_total"], 7, "{health}");
    assert_eq!(health["source_passed_over_total"], 7, "{health}");
    assert_eq!(health["source_refused_total"], 0, "{health}");
}

/// Sends what opens an alert, waits until nobody has answered for a second time, sends what ends it, and sees that nobody is called any more.
fn check_rings_until_it_is_over(core: &Core, home: &Home, open: &Request, close: &Request) {
    taken(&core.send(open));
    wait_for("a second call", || (placed(home, 1) > 1).then_some(()));
    assert_eq!(home.escalation(1).group.as_str(), "db");
    assert_eq!(taken(&core.send(close)).0, 1);
    wait_for_phase(home, 1, |phase| *phase == Phase::Over);
    core.wait_for_alerts(0);
    let calls = placed(home, 1);
    wait_for("silence", || {
        (core.health()["live_calls"] == 0).then_some(())
    });
    assert_eq!(placed(home, 1), calls);
    assert_eq!(left(home, 1), [Left::Recovered(None)]);
}

fn check_kind(kind: &str, keys: &str, open: &str, close: &str) {
    let (home, core) = start(&format!(
        "[[sources]]\nname = 'it'\nkind = '{kind}'\nkey_env = 'SECRET'\n{keys}"
    ));
    let request = |name: &str| with_token("/v1/sources/it", payload(kind, name));
    check_rings_until_it_is_over(&core, &home, &request(open), &request(close));
}

#[test]
fn alertmanager_pages_until_it_says_resolved() {
    check_kind(
        "alertmanager",
        "group_label = 'team'",
        "truncated",
        "resolved",
    );
}

#[test]
fn grafana_pages_until_it_says_resolved() {
    check_kind("grafana", "group_label = 'team'", "firing", "resolved");
}

#[test]
fn the_older_grafana_pages_until_it_says_ok() {
    check_kind(
        "grafana",
        "group_label = 'team'",
        "legacy-alerting",
        "legacy-ok",
    );
}

#[test]
fn fluentd_pages_record_by_record() {
    let (home, core) = start("[[sources]]\nname = 'logs'\nkind = 'fluentd'\nkey_env = 'SECRET'\n");
    let request = |name: &str| {
        with_token("/v1/sources/logs", payload("fluentd", name))
            .header("Content-Type", "application/x-ndjson")
    };
    assert_eq!(taken(&core.send(&request("lines"))), (2, 2, 0));
    core.wait_for_alerts(2);
    assert_eq!(taken(&core.send(&request("recovery"))), (1, 1, 0));
    core.wait_for_alerts(1);
    let groups = [home.escalation(1).group, home.escalation(2).group];
    assert_eq!(groups.map(|group| group.to_string()), ["web", "db"]);
}

/// The recovery does not name the group; whoever was called about the problem is told all the same.
#[test]
fn any_json_pages_and_its_recovery_finds_whoever_was_called() {
    let keys = r#"
[sources.fields]
each = "/incidents"
title = "/what/name"
dedup = "ref"
status = "state"
group = "crew"
host = "where"
[sources.status]
problem = ["RED"]
recovery = ["GREEN"]
"#;
    check_kind("json", keys, "problem", "recovery");
}

#[test]
fn an_update_of_the_monitor_stops_the_calls() {
    let (home, core) =
        start("[[sources]]\nname = 'it'\nkind = 'json'\nkey_env = 'SECRET'\ngroup = 'db'\n");
    let send = |body: &str| taken(&core.send(&with_token("/v1/sources/it", body)));
    assert_eq!(send(r#"{"title":"Pump 1 is dry","dedup":"p1"}"#), (1, 1, 0));
    wait_for("a call", || (placed(&home, 1) > 0).then_some(()));
    let update = r#"{"title":"Pump 1 is dry","dedup":"p1","status":"acknowledged","acknowledged_by":"chie"}"#;
    assert_eq!(send(update), (1, 1, 0));
    wait_for_phase(&home, 1, |phase| !matches!(phase, Phase::Calling));
    assert_eq!(left(&home, 1), [Left::TakenBy("chie".to_owned())]);
}

#[test]
fn a_recovery_in_the_request_of_its_problem_ends_it() {
    let (_home, core) =
        start("[[sources]]\nname = 'it'\nkind = 'json'\nkey_env = 'SECRET'\ngroup = 'db'\n");
    let body =
        r#"[{"title":"x","dedup":"1","group":"web"},{"title":"x","dedup":"1","status":"ok"}]"#;
    assert_eq!(
        taken(&core.send(&with_token("/v1/sources/it", body))),
        (2, 2, 0)
    );
    core.wait_for_alerts(0);
}
