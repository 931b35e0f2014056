//! Installations from before: the three classic arguments, and subject and message as somebody once wrote them.

use crate::{
    Stage,
    office::{OK, OwnWords},
};

/// Zabbix's own words.
const BY_EVENT: OwnWords = [
    (
        "Problem: {EVENT.NAME}",
        "Problem started at {EVENT.TIME} on {EVENT.DATE}\r\nProblem name: {EVENT.NAME}\r\nHost: {HOST.NAME}\r\n\
         Severity: {EVENT.SEVERITY}\r\nOperational data: {EVENT.OPDATA}\r\nOriginal problem ID: {EVENT.ID}\r\n{TRIGGER.URL}",
    ),
    (
        "Resolved in {EVENT.DURATION}: {EVENT.NAME}",
        "Problem has been resolved at {EVENT.RECOVERY.TIME} on {EVENT.RECOVERY.DATE}\r\nProblem name: {EVENT.NAME}\r\n\
         Problem duration: {EVENT.DURATION}\r\nHost: {HOST.NAME}\r\nSeverity: {EVENT.SEVERITY}\r\n\
         Original problem ID: {EVENT.ID}\r\n{TRIGGER.URL}",
    ),
];

/// A trigger's id, and a value in the name that differs when it is over.
const BY_TRIGGER: OwnWords = [
    (
        "{TRIGGER.STATUS}: {TRIGGER.NAME} ({ITEM.LASTVALUE})",
        "Trigger: {TRIGGER.NAME} ({ITEM.LASTVALUE})\nTrigger status: {TRIGGER.STATUS}\nTrigger severity: {TRIGGER.SEVERITY}\n\
         Trigger ID: {TRIGGER.ID}\nHost: {HOST.NAME}",
    ),
    (
        "{TRIGGER.STATUS}: {TRIGGER.NAME} ({ITEM.LASTVALUE})",
        "Trigger: {TRIGGER.NAME} ({ITEM.LASTVALUE})\nTrigger status: {TRIGGER.STATUS}\nTrigger severity: {TRIGGER.SEVERITY}\n\
         Trigger ID: {TRIGGER.ID}\nHost: {HOST.NAME}",
    ),
];

/// Nothing but a subject.
const BY_SUBJECT: OwnWords = [
    (
        "{TRIGGER.STATUS}: {TRIGGER.NAME}",
        "{HOST.NAME} を見てください。{ITEM.LASTVALUE}",
    ),
    (
        "{TRIGGER.STATUS}: {TRIGGER.NAME}",
        "{HOST.NAME} は直りました。",
    ),
];

pub(crate) fn is_understood(stage: &mut Stage) {
    let teams = [
        ("old-event", BY_EVENT),
        ("old-trigger", BY_TRIGGER),
        ("old-subject", BY_SUBJECT),
    ];
    let triggers = teams.map(|(team, words)| {
        stage.office.action_in(&stage.zabbix, team, words);
        stage.trigger(team, team, &format!("{team}: disk's \"full\" $(id)"))
    });
    stage.settle();
    for (team, _) in teams {
        stage.says(team, "97 %");
    }
    let keys = teams.map(|(team, _)| {
        stage.wait_for_book(team, "the key", |book| {
            book.takers().first()?;
            Some(book.alerts().next()?.1.alert.dedup.as_str().to_owned())
        })
    });
    let name = |team: &str| format!("{team}: disk's \"full\" $(id)");
    assert_eq!(
        keys,
        [
            stage.event(&triggers[0]),
            format!("trigger {}", triggers[1]),
            format!("/{}", name("old-subject")),
        ]
    );
    assert_eq!(stage.core.book("old-event").titles(), [name("old-event")]);
    assert_eq!(
        stage.core.book("old-trigger").titles(),
        [format!("{} (97 %)", name("old-trigger"))]
    );
    for (team, key) in teams.map(|(team, _)| team).into_iter().zip(&keys) {
        stage.says(team, OK);
        stage.wait_for_book(team, "the recovery", |book| book.recovered_at(key));
        assert_eq!(stage.core.book(team).called().len(), 1);
    }
}
