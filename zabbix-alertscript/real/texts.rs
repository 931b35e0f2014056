//! Whatever stands in a name or a value arrives as it is, or cut where the documentation says.

use rinban::alert::Limits;

use crate::{
    Stage,
    everyday::NASTY,
    office::{HOST, OK},
};

/// What an item says, and the trigger's event name.
struct Case {
    value: String,
    event_name: String,
}

fn cases() -> Vec<Case> {
    let case = |value: &str, event_name: &str| Case {
        value: value.into(),
        event_name: event_name.into(),
    };
    vec![
        case("down", NASTY),
        case(
            "a\nkind=recovery\nevent_id=999\nack=Yes\n\n  b\t\tc",
            "{ITEM.VALUE}",
        ),
        case(&format!("{NASTY}\nrinban=1\nkind=update"), "{ITEM.VALUE}"),
        case(&"🔥".repeat(3_000), "{ITEM.VALUE}"),
        case(&"長い名前'\"\\".repeat(300), "{ITEM.VALUE}"),
        case(
            "down",
            "{$NOT_DEFINED} {NOT.A.MACRO} {HOST.IP} {#LLD} {EVENT.CAUSE.ID}",
        ),
        case("down", "{HOST.IP}"),
        case("--help", "--dry-run"),
        case(&"障".repeat(60_000), "sixty thousand characters of 3 bytes"),
        case(
            &"'".repeat(60_000),
            "sixty thousand quotes, four bytes each in the shell's command",
        ),
    ]
}

pub(crate) fn arrive(stage: &mut Stage) {
    let Stage { zabbix, office, .. } = &*stage;
    office.action(zabbix, "text");
    let cases = cases();
    let keys: Vec<_> = (0..cases.len()).map(|at| format!("text.{at}")).collect();
    let triggers: Vec<_> = keys
        .iter()
        .zip(&cases)
        .map(|(key, case)| (key.clone(), key.clone(), case.event_name.clone()))
        .collect();
    let triggers = office.triggers(zabbix, "text", &triggers);
    stage.settle();
    let values: Vec<_> = keys
        .iter()
        .zip(&cases)
        .map(|(key, case)| (HOST, key.as_str(), case.value.as_str()))
        .collect();
    assert!(zabbix.send(&values));
    for (trigger, case) in triggers.iter().zip(&cases) {
        let event = office.event(zabbix, trigger);
        let (id, name) = (
            event["eventid"].as_str().expect("an id"),
            event["name"].as_str().expect("a name"),
        );
        let stored = stage.wait_for_book("text", &format!("{name:.80}"), |book| {
            Some(
                book.alerts()
                    .find(|(_, alert)| alert.alert.dedup.as_str() == id)?
                    .1
                    .clone(),
            )
        });
        let expected = match name {
            // Zabbix knows nothing, and the subject is what is left.
            "*UNKNOWN*" => format!("problem {id}"),
            name => cut(
                &name.split_whitespace().collect::<Vec<_>>().join(" "),
                Limits::TITLE_CHARS,
            ),
        };
        assert_eq!(stored.title, expected);
        // The media type passes the beginning of the value's first line.
        let first_line = case.value.lines().next().unwrap_or_default();
        let expected: String = first_line.chars().take(500).collect();
        assert_eq!(stored.message, expected.trim());
        println!(
            "  name {} characters, stored {}; value {}, stored {}",
            name.chars().count(),
            stored.title.chars().count(),
            case.value.chars().count(),
            stored.message.chars().count()
        );
    }
    let over: Vec<_> = keys.iter().map(|key| (HOST, key.as_str(), OK)).collect();
    assert!(zabbix.send(&over));
    stage.wait_for_book("text", "all recovered", |book| {
        (book.recovered().len() == cases.len()).then_some(())
    });
    let log = office.finished_log(zabbix, "text", 2 * cases.len());
    assert!(log.iter().all(|row| row.is_sent_at_once()), "{log:#?}");
}

/// As [`rinban::alert::Event::fit`] documents it.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}
