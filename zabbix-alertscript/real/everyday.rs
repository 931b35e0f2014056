//! What happens on an ordinary night.

use serde_json::json;

use crate::{Stage, between, office::OK, place::hold_for};

/// Names full of what a shell, a template or a parser could take for something else.
pub(crate) const NASTY: &str =
    "It's \"down\" & $HOME `id` $(id) ${IFS} %s \\ \\n 'a' \\' {X} 障害 𠮷 🔥";

/// A problem rings the phones of its group one after another; the key pressed takes it, and the recovery closes it.
pub(crate) fn taken_by_phone(stage: &mut Stage) {
    stage.office.action(&stage.zabbix, "web");
    let trigger = stage.trigger("web", "disk", &format!("{NASTY} on {{HOST.NAME}}"));
    stage.settle();

    let fired = stage.says("disk", "down");
    let rang = stage.wait_for_book("web", "a phone that rings", |book| book.rang_since(fired));
    println!("  value sent to first ring: {}", between(fired, rang));
    let taken = stage.wait_for_book("web", "the key", |book| Some(book.takers().first()?.0));
    println!(
        "  first ring to key pressed, one busy line between: {}",
        between(rang, taken)
    );
    let book = stage.core.book("web");
    assert_eq!(book.titles(), [format!("{NASTY} on Web server 01")]);
    assert_eq!(book.called(), ["web-1", "web-2"]);
    assert_eq!(book.takers()[0].1, "web-2");

    let event = stage.event(&trigger);
    let over = stage.says("disk", OK);
    let closed = stage.wait_for_book("web", "the recovery", |book| book.recovered_at(&event));
    println!("  value sent to closed: {}", between(over, closed));
    let log = stage.office.finished_log(&stage.zabbix, "web", 2);
    assert!(log.iter().all(|row| row.is_sent_at_once()), "{log:#?}");
    let subjects: Vec<_> = log.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [format!("problem {event}"), format!("recovery {event}")]
    );
}

/// A comment in Zabbix changes nothing; an acknowledgement ends the call that rings, and nobody is called any more.
pub(crate) fn taken_in_zabbix(stage: &mut Stage) {
    let Stage { zabbix, office, .. } = &*stage;
    office.action(zabbix, "ops");
    zabbix.call(
        "user.update",
        json!({ "userid": "1", "name": "O'Brien", "surname": "\"root\" $(id) 障害 🔥" }),
    );
    let trigger = stage.trigger("ops", "load", NASTY);
    stage.settle();
    let fired = stage.says("load", "down");
    stage.wait_for_book("ops", "a phone that rings", |book| book.rang_since(fired));
    let event = stage.event(&trigger);

    let comment = format!("kind=recovery\nvalue=0\nack=Yes\n{NASTY}");
    zabbix.call(
        "event.acknowledge",
        json!({ "eventids": event, "action": 4, "message": comment }),
    );
    office.finished_log(zabbix, "ops", 2);
    stage.wait_for_book("ops", "calls that go on", |book| {
        (book.called().len() >= 2).then_some(())
    });
    assert!(stage.core.book("ops").takers().is_empty());

    let acknowledged = jiff::Timestamp::now();
    zabbix.call(
        "event.acknowledge",
        json!({ "eventids": event, "action": 6, "message": NASTY }),
    );
    let taken = stage.wait_for_book("ops", "the acknowledgement", |book| {
        Some(book.takers().first()?.0)
    });
    println!(
        "  acknowledged in Zabbix to no more calls: {}",
        between(acknowledged, taken)
    );
    let taker = "O'Brien \"root\" $(id) 障害 🔥 (Admin)";
    assert_eq!(stage.core.book("ops").takers()[0].1, taker);
    stage.wait_for_book("ops", "the end of the call", |book| {
        book.nobody_is_on_the_line().then_some(())
    });
    hold_for("nobody is called any more", || {
        stage.core.book("ops").calls_since(taken) == 0
    });

    stage.says("load", OK);
    stage.wait_for_book("ops", "the recovery", |book| book.recovered_at(&event));
    let log = office.finished_log(zabbix, "ops", 4);
    assert!(log.iter().all(|row| row.is_sent_at_once()), "{log:#?}");
}
