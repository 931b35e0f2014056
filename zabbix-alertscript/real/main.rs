//! rinban under a real Zabbix server: its database, its API, its sender, our media type and our programs; only the phones
//! are simulated. `real/run` installs what is missing and starts this.
//!
//! * [`place`]: a directory, and the processes in it;
//! * [`server`]: the Zabbix server;
//! * [`office`]: what an administrator sets up in it;
//! * [`core`]: our side, and what its journals say;
//! * [`everyday`], [`written_back`], [`watched`], [`texts`], [`classic`], [`storm`], [`bad_days`]: what is played.

mod bad_days;
mod classic;
mod core;
mod everyday;
mod office;
mod place;
mod server;
mod storm;
mod texts;
mod watched;
mod written_back;

use std::{
    env,
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    core::{Book, Core},
    office::{HOST, Office},
    place::{PATIENCE, Place, look_within},
    server::Zabbix,
};

/// Everything that a scenario needs.
pub(crate) struct Stage {
    // In the order in which they end.
    pub(crate) core: Core,
    pub(crate) zabbix: Zabbix,
    pub(crate) office: Office,
    pub(crate) place: Place,
}

impl Stage {
    /// A text item, and a trigger on it for a group of the same word; its id.
    pub(crate) fn trigger(&self, group: &str, key: &str, name: &str) -> String {
        let trigger = (key.to_owned(), name.to_owned(), String::new());
        self.office
            .triggers(&self.zabbix, group, &[trigger])
            .remove(0)
    }

    /// Waits until the server knows what was made.
    pub(crate) fn settle(&self) {
        self.office.settle(&self.zabbix);
    }

    /// An item says something; when.
    pub(crate) fn says(&self, key: &str, value: &str) -> Timestamp {
        let now = Timestamp::now();
        assert!(self.zabbix.send(&[(HOST, key, value)]), "{key}");
        now
    }

    /// Waits until the journals of a group show something.
    pub(crate) fn wait_for_book<T>(
        &self,
        group: &str,
        what: &str,
        look: impl Fn(&Book) -> Option<T>,
    ) -> T {
        look_within(PATIENCE, || look(&self.core.book(group)))
            .unwrap_or_else(|| panic!("{group}: {what}: waited in vain; {}", self.core.book(group)))
    }

    /// The id of a trigger's last problem.
    pub(crate) fn event(&self, trigger: &str) -> String {
        let event = self.office.event(&self.zabbix, trigger);
        event["eventid"].as_str().expect("an id").to_owned()
    }
}

/// A name for people, and what is played.
type Scenario = (&'static str, fn(&mut Stage));

/// What is played while scripts hang: none of it ends the core, whose simulated phones would end with it.
const BESIDE_SLOW_ONES: [Scenario; 5] = [
    (
        "a problem, a phone, a key, a recovery",
        everyday::taken_by_phone,
    ),
    (
        "an acknowledgement in Zabbix stops the calls",
        everyday::taken_in_zabbix,
    ),
    ("whatever a text says arrives", texts::arrive),
    (
        "subjects and messages of an older installation",
        classic::is_understood,
    ),
    ("a storm of 200 problems", storm::is_counted),
];

const BY_THEMSELVES: [Scenario; 8] = [
    (
        "what people did by phone is written back",
        written_back::acknowledged_and_closed,
    ),
    (
        "the API is down, and written back to when it is up",
        written_back::api_down,
    ),
    (
        "what a maintenance suppresses calls nobody until it ends",
        written_back::suppressed,
    ),
    (
        "the core crashed while Zabbix had something to say",
        bad_days::core_down,
    ),
    ("the spool's disk is full", bad_days::disk_full),
    (
        "Zabbix and rinban watch each other",
        watched::watch_each_other,
    ),
    ("Zabbix restarts in the middle", bad_days::zabbix_restarts),
    (
        "a core that a script started outlives Zabbix",
        bad_days::core_of_a_script,
    ),
];

fn main() {
    let began = Instant::now();
    let mut args = env::args_os().skip(1);
    let (Some(downloads), Some(programs)) = (args.next(), args.next()) else {
        panic!("usage: real DOWNLOADS PROGRAMS [WORD]; see real/run");
    };
    let only = args.next().map(|word| word.to_string_lossy().into_owned());
    let (downloads, programs) = (PathBuf::from(downloads), PathBuf::from(programs));
    let media_type = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("media-type.yaml");
    let place = Place::new();
    let mut core = Core::install(&place, &programs);
    let zabbix = Zabbix::start(&place, &downloads);
    println!("Zabbix {} is up: {}", zabbix.version, span(began.elapsed()));
    core.start(&place);
    let office = Office::open(&zabbix, &media_type);
    let mut stage = Stage {
        core,
        zabbix,
        office,
        place,
    };
    let only = only.as_deref();
    let slow = only.is_none().then(|| bad_days::begin_slow_ones(&stage));
    play(&mut stage, only, &BESIDE_SLOW_ONES);
    if let Some(slow) = slow {
        println!(
            "what takes Zabbix long: scripts killed at its time limit, an escalation canceled"
        );
        let began = Instant::now();
        bad_days::end_slow_ones(&stage, &slow);
        println!("  held: {}", span(began.elapsed()));
    }
    play(&mut stage, only, &BY_THEMSELVES);
    stage.core.book("*").check_one_call_per_person();
    println!("one live call per person all along");
    drop(stage);
    println!("all held: {}", span(began.elapsed()));
}

/// Plays the scenarios, or those whose name has the word.
fn play(stage: &mut Stage, only: Option<&str>, scenarios: &[Scenario]) {
    for (name, play) in scenarios {
        if only.is_some_and(|word| !name.contains(word)) {
            continue;
        }
        println!("{name}");
        let began = Instant::now();
        play(stage);
        println!("  held: {}", span(began.elapsed()));
    }
}

/// A time for people.
pub(crate) fn span(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

/// The time between two instants, for people.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    format!("{:.1} s", to.duration_since(from).as_secs_f64())
}
