//! What happens on an ordinary night.

use jiff::Timestamp;

use crate::{
    Stage,
    office::{HOST, OK, SENT},
    place::wait_for,
};

/// A problem rings the phones of its group one after another; the key pressed takes it, and the recovery closes it.
pub(crate) fn taken_by_phone(stage: &mut Stage) {
    let Stage {
        zabbix,
        office,
        core,
        ..
    } = stage;
    let name = "It's \"down\" on {HOST.NAME} & $HOME `id` $(id) \\ 障害 🔥";
    let trigger = office
        .triggers(
            zabbix,
            "web",
            &[("disk".into(), name.into(), String::new())],
        )
        .remove(0);
    office.settle(zabbix);

    let fired = Timestamp::now();
    assert!(zabbix.send(&[(HOST, "disk", "down")]));
    let rang = wait_for("a phone that rings", || core.book("web").rang_since(fired));
    println!("  value sent to first ring: {}", seconds(fired, rang));
    wait_for("the key", || {
        (core.book("web").takers().len() == 1).then_some(())
    });
    let book = core.book("web");
    assert_eq!(
        book.titles(),
        [name.replace("{HOST.NAME}", "Web server 01")]
    );
    assert_eq!(
        (book.called(), book.takers()[0].1),
        (vec!["aya", "ben"], "ben")
    );

    let event = office.event(zabbix, &trigger)["eventid"]
        .as_str()
        .expect("an id")
        .to_owned();
    let over = Timestamp::now();
    assert!(zabbix.send(&[(HOST, "disk", OK)]));
    wait_for("the recovery", || {
        core.book("web")
            .recovered()
            .contains_key(event.as_str())
            .then_some(())
    });
    println!(
        "  value sent to closed: {}",
        seconds(over, core.book("web").last().expect("an entry"))
    );
    let log = office.finished_log(zabbix, "web", 2);
    assert!(
        log.iter()
            .all(|row| (row.status, row.retries, row.error.as_str()) == (SENT, 0, "")),
        "{log:#?}"
    );
    let subjects: Vec<_> = log.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [format!("problem {event}"), format!("recovery {event}")]
    );
}

/// From one instant to another.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> String {
    format!("{:.2} s", to.duration_since(from).as_secs_f64())
}
