//! The monitors of a world: what breaks, what they say of it, and when it is over.

use rinban::alert::{self, EventKind};

use super::World;
use crate::soak::{
    ground::SEVERITIES,
    happen::{Event, Micros, SECOND, Says, timestamp},
    kind::Kind,
    phones::Health,
    tally::State,
};

/// How long it takes until something that broke is well, at least and at most.
const MENDED: (Micros, Micros) = (120 * SECOND, 1_800 * SECOND);

/// How long a carrier is sick, at least and at most.
const SICK: (Micros, Micros) = (30 * SECOND, 1_200 * SECOND);

/// How long a plugin waits before it hands over again what nobody took.
const SPOOLED: Micros = SECOND;

/// What is remembered of alerts.
#[derive(Debug, Default)]
pub(super) struct Monitors {
    /// Of each alert its group and how many events were sent of it.
    alerts: Vec<(u8, u32)>,
}

impl World {
    /// Something breaks, and the next thing is planned.
    pub(super) fn new_alert(&mut self) {
        if !self.is_rough || self.tape.has_run_out() {
            return;
        }
        let number = self.monitors.alerts.len() as u32;
        let groups = self.making.ground.groups.len() as u32;
        let group = self.tape.below(groups) as u8;
        self.monitors.alerts.push((group, 0));
        self.witness.tally.alerts += 1;
        self.log(|| format!("alert {number} of group {group}"));
        self.says(number, Says::Problem, 0);
        self.what_becomes_of(number);
        self.carrier_falls_sick();
        let pause = self.span(self.making.pause / 8, self.making.pause);
        self.queue.plan(self.now + pause, Event::Alert);
    }

    /// Plans all that the monitor will say of an alert.
    fn what_becomes_of(&mut self, number: u32) {
        let mended = self.span(MENDED.0, MENDED.1);
        let early = self.span(0, 90 * SECOND);
        let kinds = [
            Kind::EventTwice,
            Kind::KeepAlive,
            Kind::RecoversEarly,
            Kind::Flaps,
            Kind::TakenInMonitor,
        ];
        match self.strikes_one(&kinds, State::Nothing) {
            Some(Kind::EventTwice) => {
                let at = self.now + early;
                let twice = Event::Monitor {
                    alert: number,
                    says: Says::Problem,
                    number: 0,
                };
                self.queue.plan(at, twice);
            }
            Some(Kind::KeepAlive) => self.says(number, Says::Problem, early),
            Some(Kind::RecoversEarly) => return self.says(number, Says::Recovered, early),
            Some(Kind::Flaps) => {
                self.says(number, Says::Recovered, early);
                self.says(number, Says::Problem, early + early % SECOND);
            }
            Some(Kind::TakenInMonitor) => self.says(number, Says::Taken, early),
            _ => {}
        }
        self.says(number, Says::Recovered, mended);
    }

    /// Plans a new event of an alert.
    fn says(&mut self, alert: u32, says: Says, after: Micros) {
        let sent = &mut self.monitors.alerts[alert as usize].1;
        let number = *sent;
        *sent += 1;
        let event = Event::Monitor {
            alert,
            says,
            number,
        };
        self.queue.plan(self.now + after, event);
    }

    /// A plugin hands an event over; as long as nobody is there it waits in the spool.
    pub(super) fn monitor_says(&mut self, alert: u32, says: Says, number: u32) {
        if self.core.is_none() || self.retry.is_some() {
            let event = Event::Monitor {
                alert,
                says,
                number,
            };
            return self.queue.plan(self.now + SPOOLED, event);
        }
        self.trace(u64::from(alert) << 8 | says as u64);
        let event = self.event(alert, says, number);
        let accepted = self.disk.accept(event);
        let epoch = self.epoch;
        if self.strikes(Kind::CrashAccepted, State::Nothing) {
            return self.dies();
        }
        if let Some(number) = accepted {
            let accepted = Event::Accepted { epoch, number };
            self.queue.plan(self.now, accepted);
        }
    }

    fn event(&self, alert: u32, says: Says, number: u32) -> alert::Event {
        let (group, _) = self.monitors.alerts[alert as usize];
        let ground = &self.making.ground;
        alert::Event {
            id: format!("e{alert}-{number}").as_str().into(),
            source: ground.source.clone(),
            dedup_key: format!("d{alert}").as_str().into(),
            group: ground.groups[usize::from(group)].clone(),
            kind: match says {
                Says::Problem => EventKind::Problem,
                Says::Taken => EventKind::Update,
                Says::Recovered => EventKind::Recovery,
            },
            acknowledged_by: (says == Says::Taken).then(|| "Admin".to_owned()),
            reason: None,
            severity: SEVERITIES[alert as usize % SEVERITIES.len()],
            title: "disk full".to_owned(),
            host: None,
            message: String::new(),
            url: None,
            message_id: None,
            variables: Default::default(),
            received_at: timestamp(self.now),
        }
    }

    /// Whatever is open is over.
    pub(super) fn recover_all(&mut self) {
        self.log(|| "everything recovers".to_owned());
        for alert in self.witness.open_alerts() {
            self.says(alert, Says::Recovered, 0);
        }
    }

    fn carrier_falls_sick(&mut self) {
        let kinds = [Kind::CarrierDown, Kind::CarrierBusy, Kind::CarrierMute];
        let health = match self.strikes_one(&kinds, State::Nothing) {
            Some(Kind::CarrierDown) => Health::Down,
            Some(Kind::CarrierBusy) => Health::Busy,
            Some(_) => Health::Mute,
            None => return,
        };
        let carriers = self.phones.carriers.len() as u32;
        let carrier = self.tape.below(carriers) as u8;
        let span = self.span(SICK.0, SICK.1);
        self.sicken(carrier, health, span);
    }

    /// A carrier is sick for a while.
    pub(super) fn sicken(&mut self, carrier: u8, health: Health, span: Micros) {
        self.log(|| format!("carrier {carrier} is {health:?}"));
        let sick = &mut self.phones.carriers[usize::from(carrier)];
        sick.health = health;
        sick.spell += 1;
        let spell = sick.spell;
        let well = Event::CarrierWell { carrier, spell };
        self.queue.plan(self.now + span, well);
    }

    /// A carrier is well again, if that sick spell is its last one.
    pub(super) fn carrier_well(&mut self, carrier: u8, spell: Option<u32>) {
        let sick = &mut self.phones.carriers[usize::from(carrier)];
        if spell.is_none_or(|spell| spell == sick.spell) {
            sick.health = Health::Well;
            self.log(|| format!("carrier {carrier} is well"));
        }
    }
}
