//! What people did by phone stands in Zabbix afterwards, and what happens in Zabbix is read there.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Stage, between, office::OK, place::hold_for};

/// An update of an event: the bits of its action, and its message.
type Update = (u32, String);

impl Stage {
    /// Runs something beside a core that uses Zabbix's API, as a user of its own.
    fn with_monitor(&mut self, play: impl FnOnce(&mut Self)) {
        let token = self.office.api_token(&self.zabbix);
        self.core.stop();
        self.core.watch(&self.place, &self.zabbix.api_url(), &token);
        self.core.start(&self.place);
        play(self);
        self.core.stop();
        self.core.configure(&self.place, false);
        self.core.start(&self.place);
    }

    /// An event as the API tells of it.
    fn zabbix_event(&self, event: &str) -> Value {
        let updates = if self.zabbix.version.starts_with("6.") {
            "select_acknowledges"
        } else {
            "selectAcknowledges"
        };
        let query = json!({ "eventids": event, "output": "extend", updates: "extend" });
        self.zabbix.call("event.get", query)[0].clone()
    }

    /// What was written to an event, oldest first.
    fn updates(&self, event: &str) -> Vec<Update> {
        let event = self.zabbix_event(event);
        let updates = event["acknowledges"].as_array();
        let updates = updates
            .unwrap_or_else(|| panic!("no list in {event}"))
            .iter();
        let mut updates: Vec<_> = updates
            .map(|update| {
                let text = |key: &str| update[key].as_str().expect("a text").to_owned();
                let id: u64 = text("acknowledgeid").parse().expect("a number");
                let action = text("action").parse().expect("a number");
                (id, (action, text("message")))
            })
            .collect();
        updates.sort_unstable();
        updates.into_iter().map(|(_, update)| update).collect()
    }

    /// Waits until an event has so many updates; they all are ours.
    fn wait_for_updates(&self, event: &str, count: usize) -> Vec<Update> {
        let updates = crate::place::wait_for("what is written back", || {
            let updates = self.updates(event);
            (updates.len() >= count).then_some(updates)
        });
        let is_ours = |(_, message): &Update| message.starts_with("[rinban] ");
        assert!(updates.iter().all(is_ours), "{updates:#?}");
        assert_eq!(updates.len(), count, "each once: {updates:#?}");
        updates
    }
}

/// Key 1 acknowledges the event, which comes back through the alertscript as nobody's acknowledgement; key 9 closes what may be
/// closed, and acknowledges what may not.
pub(crate) fn acknowledged_and_closed(stage: &mut Stage) {
    stage.with_monitor(|stage| {
        acknowledged(stage);
        closed(stage);
    });
}

fn acknowledged(stage: &Stage) {
    stage.office.action(&stage.zabbix, "back");
    let trigger = stage.trigger("back", "back", "written back");
    stage.settle();
    stage.says("back", "down");
    let taken = stage.wait_for_book("back", "the key", |book| Some(book.takers().first()?.0));
    let event = stage.event(&trigger);
    let updates = stage.wait_for_updates(&event, 2);
    println!(
        "  key pressed to acknowledged in Zabbix: {}",
        between(taken, Timestamp::now())
    );
    for (action, message) in &updates {
        println!("    {action}: {message}");
    }
    let [(4, answered), (6, took)] = &updates[..] else {
        panic!("{updates:#?}")
    };
    assert!(answered.contains("back-1") && took.contains("back-1"));
    assert_eq!(stage.zabbix_event(&event)["acknowledged"], "1");
    // The problem, and both updates of ours.
    let log = stage.office.finished_log(&stage.zabbix, "back", 3);
    let of_kind = |kind: &str| {
        let rows = log.iter().filter(|row| row.subject.starts_with(kind));
        rows.count()
    };
    assert_eq!((of_kind("problem"), of_kind("update")), (1, 2), "{log:#?}");
    assert!(log.iter().all(|row| row.is_sent_at_once()), "{log:#?}");
    let book = stage.core.book("back");
    let takers: Vec<_> = book.takers().into_iter().map(|(_, by)| by).collect();
    assert_eq!(takers, ["back-1"], "our own update is nobody's");
    println!(
        "  updates of ours that came back through the script: 2, taken for an acknowledgement: 0"
    );
    stage.says("back", OK);
    stage.wait_for_book("back", "the recovery", |book| book.recovered_at(&event));
}

fn closed(stage: &Stage) {
    stage.office.action(&stage.zabbix, "close");
    let triggers = [("close.may", "may be closed"), ("close.not", "may not")]
        .map(|(key, name)| stage.trigger("close", key, name));
    let [_, may_not] = &triggers;
    let forbid = json!({ "triggerid": may_not, "manual_close": 0 });
    stage.zabbix.call("trigger.update", forbid);
    stage.settle();

    let fired = stage.says("close.may", "down");
    let event = stage.event(&triggers[0]);
    let recovery = crate::place::wait_for("the problem to be closed in Zabbix", || {
        let event = stage.zabbix_event(&event);
        (event["r_eventid"] != "0").then(Timestamp::now)
    });
    println!(
        "  value sent to closed in Zabbix by key 9: {}",
        between(fired, recovery)
    );
    let updates = stage.wait_for_updates(&event, 2);
    assert_eq!((updates[0].0, updates[1].0), (4, 7), "{updates:#?}");

    let fired = stage.says("close.not", "down");
    let event = stage.event(&triggers[1]);
    let updates = stage.wait_for_updates(&event, 2);
    println!(
        "  value sent to acknowledged, since it may not be closed: {}",
        between(fired, Timestamp::now())
    );
    let (action, message) = &updates[1];
    println!("    {action}: {message}");
    assert_eq!(*action, 6);
    assert!(
        message.contains("does not allow manual closing"),
        "{message}"
    );
    assert_eq!(stage.zabbix_event(&event)["r_eventid"], "0");
    stage.says("close.not", OK);
}

/// The API is down when a phone rings and a key is pressed: nobody waits for it, and the acknowledgement arrives afterwards.
pub(crate) fn api_down(stage: &mut Stage) {
    stage.with_monitor(|stage| {
        stage.office.action(&stage.zabbix, "late");
        let trigger = stage.trigger("late", "late", "the API is down");
        stage.settle();
        stage.zabbix.stop_frontend();
        let fired = stage.says("late", "down");
        let rang = stage.wait_for_book("late", "a phone that rings", |book| book.rang_since(fired));
        println!(
            "  value sent to first ring, the API down: {}",
            between(fired, rang)
        );
        let taken = stage.wait_for_book("late", "the key", |book| Some(book.takers().first()?.0));
        hold_for("nobody is called any more", || {
            stage.core.book("late").calls_since(taken) == 0
        });
        stage.zabbix.start_frontend(&stage.place);
        let up = Timestamp::now();
        let event = stage.event(&trigger);
        stage.wait_for_updates(&event, 2);
        println!(
            "  down for {}; up again to acknowledged: {}",
            between(fired, up),
            between(up, Timestamp::now())
        );
        assert_eq!(stage.zabbix_event(&event)["acknowledged"], "1");
        stage.says("late", OK);
        stage.wait_for_book("late", "the recovery", |book| book.recovered_at(&event));
    });
}

/// A maintenance begins while people are called: nobody is called until it ends, and then they are called again, by what is
/// read through the API alone.
pub(crate) fn suppressed(stage: &mut Stage) {
    stage.with_monitor(|stage| {
        stage.office.action(&stage.zabbix, "quiet");
        let trigger = stage.trigger("quiet", "quiet", "suppressed");
        stage.settle();
        let fired = stage.says("quiet", "down");
        stage.wait_for_book("quiet", "a phone that rings", |book| book.rang_since(fired));
        let maintenance = stage.office.maintenance(&stage.zabbix, "quiet");
        let event = stage.event(&trigger);
        let is = |flag: &'static str| {
            let what = format!("suppressed to be {flag}");
            crate::place::wait_within(A_MINUTE, &what, || {
                (stage.zabbix_event(&event)["suppressed"] == flag).then(Timestamp::now)
            })
        };
        let suppressed = is("1");
        let held = crate::place::wait_within(A_MINUTE, "calls to stop", || {
            let book = stage.core.book("quiet");
            book.takers().first().map(|(at, _)| *at)
        });
        println!(
            "  suppressed to no more calls: {}",
            between(suppressed, held)
        );
        hold_for("nobody is called any more", || {
            stage.core.book("quiet").calls_since(held) == 0
        });
        let ends = json!([maintenance]);
        stage.zabbix.call("maintenance.delete", ends);
        let ended = is("0");
        let rang = crate::place::wait_within(A_MINUTE, "a phone that rings again", || {
            stage.core.book("quiet").rang_since(held)
        });
        println!(
            "  no longer suppressed to the next ring: {}",
            between(ended, rang)
        );
        stage.says("quiet", OK);
        stage.wait_for_book("quiet", "the recovery", |book| book.recovered_at(&event));
    });
}

/// Zabbix looks at its maintenances once a minute, and so does rinban at what is suppressed.
const A_MINUTE: std::time::Duration = std::time::Duration::from_secs(90);
