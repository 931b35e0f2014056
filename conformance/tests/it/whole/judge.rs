//! What must hold, whatever happened. Seen from outside: the calls and webhooks of both carriers, and `rinban journal`.

use std::collections::BTreeMap;

use conformance::serve::{
    journal::{Record, What},
    record::CallRecord,
};
use jiff::Timestamp;
use serde_json::Value;

use super::system::{System, group_of, number};

/// A night, as the carriers saw it.
pub(crate) struct Night {
    /// All calls of both, each with the carrier's place.
    pub(crate) calls: Vec<(usize, CallRecord)>,
    taken: Taken,
}

/// The groups whose alert somebody has taken by key 1, each with the instant at which the carrier had the core's answer.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The last record of each carrier's journal that was looked at.
    read: [u64; 2],
    groups: BTreeMap<usize, Timestamp>,
    /// Where the key went out and no answer came: a core that is killed may have it on disk.
    doubtful: BTreeMap<usize, Timestamp>,
    /// How many calls were placed.
    pub(crate) calls: u64,
}

/// What a night came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    pub(crate) doubtful: usize,
    pub(crate) twice: usize,
}

impl Night {
    /// What the carriers have seen so far.
    pub(crate) fn seen(system: &System) -> Self {
        let carriers = system.carriers.iter().enumerate();
        let calls = carriers.flat_map(|(at, carrier)| {
            let calls = carrier.calls().into_iter();
            calls.map(move |call| (at, call))
        });
        let mut taken = Taken::default();
        taken.look(system);
        Self {
            calls: calls.collect(),
            taken,
        }
    }

    fn to<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a CallRecord> {
        let calls = self.calls.iter().map(|(_, call)| call);
        calls.filter(move |call| call.to == number)
    }
}

impl Taken {
    /// Reads what is new; how many are taken by now.
    pub(crate) fn look(&mut self, system: &System) -> usize {
        let mut read = self.read;
        for (carrier, read) in system.carriers.iter().zip(&mut read) {
            for record in carrier.journal().after(*read) {
                *read = record.number;
                self.note(&record);
            }
        }
        self.read = read;
        self.groups.len()
    }

    fn note(&mut self, record: &Record) {
        match &record.what {
            What::Status {
                status: "queued", ..
            } => self.calls += 1,
            What::Webhook(sent) if sent.form.get("Digits") == Some("1") => {
                let Some(group) = sent.form.get("To").and_then(group_of) else {
                    return;
                };
                match sent.status {
                    200 => {
                        self.groups.entry(group).or_insert(record.at);
                    }
                    // The last of several is the one that was taken.
                    0 => {
                        self.doubtful.insert(group, record.at);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Whether of each group somebody has pressed the key, answered or not.
    pub(crate) fn all_have_pressed(&self, groups: usize) -> bool {
        (0..groups)
            .all(|group| self.groups.contains_key(&group) || self.doubtful.contains_key(&group))
    }

    /// Believes the journals that a key without an answer was taken; how many are taken by now.
    pub(crate) fn believe(&mut self, journals: &[Vec<Value>]) -> usize {
        for journal in journals
            .iter()
            .filter(|journal| acknowledged(journal).is_some())
        {
            let group = journal[0]["input"]["group"].as_str().unwrap_or_default();
            let group = group.strip_prefix('g').and_then(|group| group.parse().ok());
            let group: usize = group.expect("a group of ours");
            if let Some(at) = self.doubtful.get(&group) {
                self.groups.entry(group).or_insert(*at);
            }
        }
        self.groups.len()
    }
}

/// Judges a night of one alert in each group, after which nothing rings any more.
pub(crate) fn judge(system: &System) -> Tally {
    let mut night = Night::seen(system);
    let journals = system.journals();
    night.taken.believe(&journals);
    nobody_is_forgotten(system, &night);
    no_call_follows_an_acknowledgement(&night);
    for journal in &journals {
        acknowledged_by_a_key(journal, &night);
    }
    let mut tally = Tally {
        calls: night.calls.len(),
        ..Tally::default()
    };
    let (mut meant, mut doubtful) = (BTreeMap::new(), BTreeMap::new());
    for journal in &journals {
        attempts(journal, &mut meant, &mut doubtful);
    }
    for group in 0..system.groups() {
        for member in 0..system.team() {
            let name = format!("m{group}-{member}");
            let meant = meant.get(&name).copied().unwrap_or_default();
            let doubtful = doubtful.get(&name).copied().unwrap_or_default();
            let number = number(group, member);
            let calls: Vec<_> = night.to(&number).collect();
            assert!(
                calls.len() <= meant,
                "{name}: {} calls for {meant} attempts: {calls:#?}",
                calls.len()
            );
            let at_once = at_once(&calls);
            assert!(
                at_once <= 1 + doubtful.min(1),
                "{name} had {at_once} calls at a time, {doubtful} attempts were doubtful: {calls:#?}"
            );
            tally.doubtful += doubtful;
            tally.twice += usize::from(at_once > 1);
        }
    }
    one_call_for_each_address(&night);
    tally
}

fn nobody_is_forgotten(system: &System, night: &Night) {
    let forgotten: Vec<usize> = (0..system.groups())
        .filter(|group| !night.taken.groups.contains_key(group))
        .collect();
    let first = forgotten.first().map(|group| system.story(*group));
    assert!(
        forgotten.is_empty(),
        "forgotten: {forgotten:?}; the first of them:\n{}",
        first.unwrap_or_default()
    );
}

/// An order that was on its way to a carrier when another phone took the alert may arrive after that; no other.
fn no_call_follows_an_acknowledgement(night: &Night) {
    for (group, at) in &night.taken.groups {
        let late = night
            .calls
            .iter()
            .find(|(_, call)| group_of(&call.to) == Some(*group) && call.created > *at);
        assert!(
            late.is_none(),
            "group {group} was taken at {at}, and then: {late:#?}"
        );
    }
}

/// Whoever the journal says has taken it has pressed 1.
fn acknowledged_by_a_key(journal: &[Value], night: &Night) {
    let Some(by) = acknowledged(journal) else {
        return;
    };
    let place = by.strip_prefix('m').and_then(|rest| rest.split_once('-'));
    let (group, member) = place.expect("a member of ours");
    let number = number(
        group.parse().expect("a number"),
        member.parse().expect("a number"),
    );
    let pressed = night.to(&number).any(|call| call.pressed.contains('1'));
    assert!(
        pressed,
        "{by} is said to have taken it, and pressed nothing"
    );
}

/// Who took the alert, by a journal.
fn acknowledged(journal: &[Value]) -> Option<&str> {
    let effects = journal
        .iter()
        .filter_map(|entry| entry["effects"].as_array());
    let told = effects.flatten().filter(|effect| effect["do"] == "tell");
    let mut news = told.map(|effect| &effect["news"]);
    news.find(|news| news["news"] == "acknowledged")?["by"].as_str()
}

/// How many attempts were meant for each member, and after how many of them a call may have been placed unseen.
fn attempts(
    journal: &[Value],
    meant: &mut BTreeMap<String, usize>,
    doubtful: &mut BTreeMap<String, usize>,
) {
    let mut members = BTreeMap::new();
    for entry in journal {
        for effect in entry["effects"].as_array().into_iter().flatten() {
            if effect["do"] == "place" {
                let member = effect["member"].as_str().expect("a name").to_owned();
                *meant.entry(member.clone()).or_default() += 1;
                members.insert(effect["attempt"].to_string(), member);
            }
        }
        let input = &entry["input"];
        if input["saw"] == "place_failed" && input["possible_duplicate"] == true {
            let member = members.get(&input["attempt"].to_string());
            let member = member.expect("an attempt is meant before it fails").clone();
            *doubtful.entry(member).or_default() += 1;
        }
    }
}

/// How many calls there were at the same time, at most.
fn at_once(calls: &[&CallRecord]) -> usize {
    let end = |call: &CallRecord| call.ended.unwrap_or(Timestamp::MAX);
    let overlap = |at: Timestamp| {
        let live = calls.iter().filter(|it| it.created <= at && at < end(it));
        live.count()
    };
    calls
        .iter()
        .map(|call| overlap(call.created))
        .max()
        .unwrap_or(0)
}

/// The address at which a call is told how it goes names its attempt, also where it says its message inline: more than one call for it would be a duplicate that nobody meant.
fn one_call_for_each_address(night: &Night) {
    let mut seen = BTreeMap::new();
    for (_, call) in &night.calls {
        *seen
            .entry(call.status_url.clone().expect("the core is reachable"))
            .or_insert(0) += 1;
    }
    let most = seen.values().max().copied().unwrap_or_default();
    assert!(
        most <= 2,
        "an attempt was placed {most} times: more than one duplicate"
    );
}
