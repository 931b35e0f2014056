//! Two hundred problems at once: each is counted, and no phone rings two hundred times.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    Stage, between,
    everyday::NASTY,
    office::{HOST, OK},
};

const PROBLEMS: usize = 200;

pub(crate) fn is_counted(stage: &mut Stage) {
    let Stage { zabbix, office, .. } = &*stage;
    office.action(zabbix, "mass");
    let triggers: Vec<_> = (0..PROBLEMS)
        .map(|at| {
            (
                format!("mass.{at}"),
                format!("{at}: {NASTY}"),
                String::new(),
            )
        })
        .collect();
    office.triggers(zabbix, "mass", &triggers);
    stage.settle();
    let all_say = |text| {
        triggers
            .iter()
            .map(|(key, ..)| (HOST, key.as_str(), text))
            .collect::<Vec<_>>()
    };

    let fired = Timestamp::now();
    assert!(zabbix.send(&all_say("down")));
    let last = stage.wait_for_book("mass", "all of them", |book| {
        (book.alerts().count() >= PROBLEMS).then(|| book.alerts().last().map(|(at, _)| at))?
    });
    println!(
        "  {PROBLEMS} values sent to the last one on disk: {}",
        between(fired, last)
    );
    let book = stage.core.book("mass");
    let expected: BTreeSet<_> = triggers.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(book.titles().len(), PROBLEMS, "none twice");
    assert_eq!(book.titles().into_iter().collect::<BTreeSet<_>>(), expected);
    stage.wait_for_book("mass", "the key", |book| Some(book.takers().first()?.0));
    let calls = stage.core.book("mass").called().len();
    println!("  calls for {PROBLEMS} problems: {calls}");
    // Those that came after somebody had taken the first ones are called for once more.
    assert!(calls <= 10, "{calls} calls");

    let over = Timestamp::now();
    assert!(zabbix.send(&all_say(OK)));
    stage.wait_for_book("mass", "all recovered", |book| {
        (book.recovered().len() == PROBLEMS).then_some(())
    });
    println!(
        "  {PROBLEMS} recoveries: {}",
        between(over, Timestamp::now())
    );
    let log = office.finished_log(zabbix, "mass", 2 * PROBLEMS);
    assert_eq!(log.len(), 2 * PROBLEMS);
    assert!(log.iter().all(|row| row.is_sent_at_once()));
}
