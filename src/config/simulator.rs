//! `[simulator]`: the people of the simulated network.

use super::{
    SimulatorConfig,
    error::Wrong,
    members::phone_number,
    reader::{Located, Section},
};
use crate::simulator::Entry;

pub(super) fn simulator(root: &Section<'_>) -> SimulatorConfig {
    let mut simulator = SimulatorConfig::default();
    let Some(section) = root.section("simulator") else {
        return simulator;
    };
    if let Some(speed) = section.number("speed", 0.01..=100_000.0) {
        simulator.speed = speed;
    }
    let Some(people) = section.section("people") else {
        return simulator;
    };
    for (number, at) in people.keys() {
        let script = people.texts(number);
        if let Some(script) = &script {
            check_script(&people, number, at, script);
        }
        let is_number = people.taken(number, at, phone_number(number).map(|_| ()));
        if let (Some(script), Some(())) = (script, is_number) {
            let script = script.iter().map(|step| step.value.to_owned());
            simulator.people.insert(number.to_owned(), script.collect());
        }
    }
    simulator
}

/// Each entry must be something that a simulated person does, and there must be one.
fn check_script(people: &Section<'_>, number: &str, at: usize, script: &[Located<&str>]) {
    if script.is_empty() {
        let wrong = Wrong::new("is empty", "write [\"key 1\"], or leave the number out");
        people.wrong_value(number, at, &wrong);
    }
    for step in script {
        let entry = Entry::parse(step.value).map_err(|error| {
            let message = error.to_string();
            let (what, remedy) = message.split_once("; ").unwrap_or((&message, "change it"));
            Wrong::new(format!("has an entry that is wrong: {what}"), remedy)
        });
        people.taken(number, step.at, entry);
    }
}
