//! `[simulator]`: the people of the simulated network.

use super::{SimulatorConfig, members::phone_number, reader::Section};

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
        let is_number = people.taken(number, at, phone_number(number).map(|_| ()));
        if let (Some(script), Some(())) = (script, is_number) {
            let script = script.iter().map(|step| step.value.to_owned());
            simulator.people.insert(number.to_owned(), script.collect());
        }
    }
    simulator
}
