//! What surrounds an escalation in tests: a roster, providers, alerts, a clock, and a witness that checks the promises
//! after every step. It answers the escalation's questions as the engine does.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    AttemptId, CallSid, CallStatus, Candidate, Counts, Effect, Entry, Escalation, EscalationId,
    Fault, FaultClass, Headline, Heard, Input, Left, Line, MessageSid, MessageStatus, News, Phase,
    Policy, ProviderName, Said,
};
use crate::{
    alert::{AlertKey, Severity},
    roster::{Channel, MemberName},
};

pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) escalation: Escalation,
    pub(super) journal: Vec<Entry>,
    pub(super) policy: Arc<Policy>,
    pub(super) people: Vec<MemberName>,
    pub(super) providers: Vec<ProviderName>,
    /// How everybody can be reached.
    pub(super) channels: Vec<Channel>,
    /// So many times they take nothing at present.
    pub(super) busy: u8,
    /// Open alerts, and who has taken them.
    pub(super) alerts: BTreeMap<u8, Option<String>>,
    /// Every call's start, by person.
    calls: Vec<(MemberName, Timestamp)>,
    /// The effects of the last input.
    pub(super) last: Vec<Effect>,
    witness: Witness,
}

/// Remembers what the promises need to be judged.
#[derive(Default)]
struct Witness {
    placed: BTreeSet<AttemptId>,
    furthest: HashMap<u32, CallStatus>,
    received: HashMap<u32, MessageStatus>,
    ended: BTreeSet<(AttemptId, CallSid)>,
    /// Somebody pressed 1 or took the alerts in the monitor, and nothing has happened since that undoes it.
    taken: bool,
}

pub(super) fn headline(alert: u8) -> Arc<Headline> {
    Arc::new(Headline {
        alert: key(alert),
        severity: Severity::Critical,
        title: format!("problem {alert}"),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: BTreeMap::new(),
    })
}

fn key(alert: u8) -> AlertKey {
    AlertKey {
        source: "test".into(),
        group: "primary".into(),
        dedup: alert.to_string().as_str().into(),
    }
}

pub(super) fn fault(class: FaultClass) -> Fault {
    Fault {
        class,
        code: None,
        text: "test".into(),
    }
}

impl World {
    /// An escalation for alert 0 and these people, who are called through providers `a` and `b`.
    pub(super) fn new(people: &[&str], policy: Policy) -> Self {
        Self::over(people, vec![Channel::Voice], policy)
    }

    /// Like [`Self::new`], with people who can be reached by these channels.
    pub(super) fn over(people: &[&str], channels: Vec<Channel>, policy: Policy) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let (escalation, step) =
            Escalation::open(EscalationId(1), now, "primary".into(), headline(0));
        let mut world = Self {
            now,
            escalation,
            journal: Vec::new(),
            policy: Arc::new(policy),
            people: people.iter().map(MemberName::new).collect(),
            providers: vec!["a".into(), "b".into()],
            channels,
            busy: 0,
            alerts: BTreeMap::from([(0, None)]),
            calls: Vec::new(),
            last: Vec::new(),
            witness: Witness::default(),
        };
        world.journal.extend(step.entry);
        world.carry_out(&step.effects);
        world
    }

    /// Hands one input in, answers what is asked, and checks the promises.
    pub(super) fn see(&mut self, input: Input) -> &[Effect] {
        self.last.clear();
        self.one(input);
        self.check();
        &self.last
    }

    fn one(&mut self, input: Input) {
        let before = self.escalation.clone();
        let step = self.escalation.step(self.now, input.clone());
        if step.entry.is_none() {
            assert_eq!(
                self.escalation, before,
                "{input} is not journalled but changed the state{self}"
            );
        }
        self.note_taking(&input);
        self.journal.extend(step.entry);
        self.carry_out(&step.effects);
    }

    fn carry_out(&mut self, effects: &[Effect]) {
        for effect in effects {
            self.witness_effect(effect);
            let answer = match effect {
                Effect::Muster => Some(self.muster()),
                Effect::Route {
                    attempt,
                    member,
                    tried,
                } if self.busy > 0 && !self.occupied(member) => {
                    self.busy -= 1;
                    Some(Input::Waits {
                        attempt: *attempt,
                        until: self.now
                            + SignedDuration::from_secs(1 + i64::from(tried.len() as u8)),
                    })
                }
                Effect::Route {
                    attempt,
                    member,
                    tried,
                } => Some(Input::Routed {
                    attempt: *attempt,
                    provider: self.carrier(tried),
                    engaged: self.occupied(member),
                }),
                Effect::RouteMessage { attempt, .. } if self.busy > 0 => {
                    self.busy -= 1;
                    Some(Input::MessageWaits {
                        attempt: *attempt,
                        until: self.now + SignedDuration::from_secs(2),
                    })
                }
                Effect::RouteMessage { attempt, tried, .. } => Some(Input::MessageRouted {
                    attempt: *attempt,
                    provider: self.carrier(tried),
                }),
                Effect::Place { member, .. } => {
                    self.calls.push((member.clone(), self.now));
                    None
                }
                Effect::TakeAlerts { by } => {
                    for taken in self.alerts.values_mut() {
                        taken.get_or_insert_with(|| by.to_string());
                    }
                    None
                }
                Effect::ReleaseAlerts => {
                    self.alerts.values_mut().for_each(|taken| *taken = None);
                    None
                }
                Effect::CloseAlerts { .. } => {
                    self.alerts.clear();
                    None
                }
                _ => None,
            };
            self.last.push(effect.clone());
            if let Some(answer) = answer {
                self.one(answer);
            }
        }
    }

    fn carrier(&self, tried: &[ProviderName]) -> Option<ProviderName> {
        let mut providers = self.providers.iter();
        providers.find(|name| !tried.contains(name)).cloned()
    }

    fn muster(&self) -> Input {
        let candidate = |member: &MemberName| {
            Arc::new(Candidate {
                member: member.clone(),
                channels: self.channels.clone(),
                calls: self
                    .calls
                    .iter()
                    .filter(|(who, at)| {
                        who == member
                            && self.now.duration_since(*at) < SignedDuration::from_hours(1)
                    })
                    .map(|&(_, at)| at)
                    .collect(),
            })
        };
        Input::Mustered {
            policy: self.policy.clone(),
            candidates: self.people.iter().map(candidate).collect(),
        }
    }

    fn occupied(&self, member: &MemberName) -> bool {
        self.escalation
            .attempts
            .iter()
            .any(|attempt| attempt.member == *member && attempt.occupies(self.now))
    }

    // What may happen.

    pub(super) fn id(&self, number: u32) -> AttemptId {
        self.escalation.attempt_id(number)
    }

    /// The number of the last call.
    pub(super) fn last_call(&self) -> u32 {
        let last = self.escalation.attempts.last();
        last.map_or(0, |last| last.number)
    }

    /// The number of the last message.
    pub(super) fn last_message(&self) -> u32 {
        let last = self.escalation.messages.back();
        last.map_or(0, |last| last.number)
    }

    pub(super) fn last_id(&self) -> AttemptId {
        self.id(self.last_call())
    }

    pub(super) fn receipt(&mut self, number: u32, status: MessageStatus) -> &[Effect] {
        let attempt = self.id(number);
        self.see(Input::Receipt {
            attempt,
            message: message_sid(number),
            status,
        })
    }

    pub(super) fn see_answer(&mut self, attempt: AttemptId, call: CallSid, by_person: bool) {
        self.witness.taken |= by_person && self.policy.answer_takes;
        self.see(Input::Answered {
            attempt,
            call,
            by_person,
        });
    }

    pub(super) fn reply(&mut self, said: Said) -> &[Effect] {
        let attempt = self.id(self.last_message());
        // Each is a message of its own.
        let reply = MessageSid::new(format!("IN{}", self.escalation.last_entry));
        self.see(Input::Reply {
            attempt,
            reply,
            said,
        })
    }

    pub(super) fn status(&mut self, number: u32, status: CallStatus) -> &[Effect] {
        let attempt = self.id(number);
        self.see(Input::Status {
            attempt,
            call: sid(number),
            status,
        })
    }

    /// A voice request at the place that comes next.
    pub(super) fn hear(&mut self, number: u32, heard: Heard) -> &[Effect] {
        let stage = self
            .escalation
            .attempt(number)
            .map_or(0, |attempt| attempt.stage);
        self.hear_at(number, stage, heard)
    }

    pub(super) fn hear_at(&mut self, number: u32, stage: u16, heard: Heard) -> &[Effect] {
        let attempt = self.id(number);
        self.see(Input::Voice {
            attempt,
            call: sid(number),
            stage,
            heard,
        })
    }

    /// The last attempt is answered and this key pressed.
    pub(super) fn answer_and_press(&mut self, keys: &str) -> &[Effect] {
        let number = self.last_call();
        self.hear(number, Heard::Answer);
        self.hear(number, Heard::Keys(keys.into()))
    }

    pub(super) fn counts(&self) -> Counts {
        let open = self.alerts.len() as u32;
        let waiting = self.alerts.values().filter(|taken| taken.is_none()).count() as u32;
        Counts { waiting, open }
    }

    pub(super) fn join(&mut self, alert: u8) {
        if self.escalation.takes_more() && self.alerts.insert(alert, None).is_none() {
            let counts = self.counts();
            self.see(Input::AlertJoined {
                headline: headline(alert),
                counts,
            });
        }
    }

    pub(super) fn recover(&mut self, alert: u8) {
        if self.alerts.remove(&alert).is_some() {
            self.left(alert, Left::Recovered(None));
        }
    }

    pub(super) fn take_in_monitor(&mut self, alert: u8) {
        if self.alerts.get(&alert) == Some(&None) {
            self.alerts.insert(alert, Some("Admin".into()));
            self.left(alert, Left::TakenBy("Admin".into()));
        }
    }

    fn left(&mut self, alert: u8, why: Left) {
        let counts = self.counts();
        let headline = self.alerts.keys().next().map(|&other| headline(other));
        let headline = headline.filter(|_| self.escalation.headline.alert == key(alert));
        self.see(Input::AlertLeft {
            alert: key(alert),
            why,
            counts,
            headline,
        });
    }

    pub(super) fn pass_time(&mut self, duration: SignedDuration) {
        self.now += duration;
    }

    /// Jumps to the next wake-up.
    pub(super) fn wake(&mut self) -> &[Effect] {
        if let Some((at, _)) = self.escalation.next_wakeup() {
            self.now = self.now.max(at);
        }
        self.see(Input::Woke)
    }

    // What must hold.

    fn note_taking(&mut self, input: &Input) {
        match input {
            Input::Voice {
                heard: Heard::Keys(keys),
                ..
            } if keys == "1" || keys == "9" => {
                self.witness.taken = true;
            }
            Input::Reply {
                attempt,
                said: Said::Take | Said::Close,
                ..
            } if self.escalation.message(attempt.number).is_some() => self.witness.taken = true,
            Input::AlertLeft { .. } if self.counts().waiting == 0 => self.witness.taken = true,
            Input::AlertJoined { .. } => self.witness.taken = false,
            _ => {}
        }
    }

    fn witness_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Place { attempt, .. } | Effect::Send { attempt, .. } => {
                assert!(
                    self.witness.placed.insert(*attempt),
                    "P3: {attempt} is placed twice{self}"
                );
                assert!(
                    self.counts().waiting > 0,
                    "P5: a call starts though nothing waits{self}"
                );
            }
            Effect::EndCall { attempt, call, .. } => {
                self.witness.ended.insert((*attempt, call.clone()));
            }
            Effect::Speak {
                line: Line::Acknowledged,
                ..
            }
            | Effect::Answer {
                line: Line::Acknowledged,
                ..
            } => {
                assert!(
                    self.witness.taken,
                    "P4: said to be acknowledged, but nobody took it{self}"
                );
                assert_eq!(
                    self.counts().waiting,
                    0,
                    "P4: spoken before the alerts are taken{self}"
                );
            }
            Effect::TakeAlerts { .. } | Effect::CloseAlerts { .. } => {
                assert!(self.witness.taken, "P4: taken without a key{self}");
            }
            Effect::Tell {
                news: News::Resumed,
            } => self.witness.taken = false,
            _ => {}
        }
    }

    /// The promises that hold between any two inputs.
    pub(super) fn check(&mut self) {
        self.nobody_is_forgotten();
        self.nothing_rings_after_the_end();
        self.one_live_call_per_person();
        self.no_status_runs_backwards();
    }

    fn nobody_is_forgotten(&self) {
        let capped = self.escalation.phase == Phase::Exhausted && self.policy.max_rounds.is_some();
        if self.counts().waiting > 0 && !capped {
            assert!(
                self.escalation.next_wakeup().is_some(),
                "P2: no wake-up is armed{self}"
            );
            let settled = match self.escalation.phase {
                Phase::Calling | Phase::Writing { .. } | Phase::Pausing { .. } => true,
                // It was told to wait for a line, and asks again.
                Phase::Routing { .. } => self.journal.iter().rev().any(|entry| {
                    matches!(entry.input, Input::Waits { attempt, .. } if attempt == self.last_id())
                }),
                _ => false,
            };
            assert!(settled, "P2: neither a live attempt nor a pause{self}");
        }
    }

    fn nothing_rings_after_the_end(&self) {
        if !matches!(
            self.escalation.phase,
            Phase::Acknowledged { .. } | Phase::Over
        ) {
            return;
        }
        for attempt in &self.escalation.attempts {
            let rings = !attempt.is_ended() && !attempt.is_talking();
            if let (true, Some(call)) = (rings, &attempt.call) {
                let name = (self.id(attempt.number), call.clone());
                assert!(
                    self.witness.ended.contains(&name),
                    "P5: {} still rings{self}",
                    name.0
                );
            }
        }
    }

    fn one_live_call_per_person(&self) {
        for member in &self.people {
            let live = self.escalation.attempts.iter().filter(|attempt| {
                attempt.member == *member && attempt.occupies(self.now) && attempt.outcome.is_none()
            });
            assert!(live.count() <= 1, "P9: two live calls to {member}{self}");
        }
    }

    fn no_status_runs_backwards(&mut self) {
        for attempt in &self.escalation.attempts {
            let Some(status) = attempt.status else {
                continue;
            };
            let before = self.witness.furthest.insert(attempt.number, status);
            assert!(
                before.is_none_or(|before| before <= status),
                "P10: {before:?} -> {status:?}"
            );
        }
        for message in &self.escalation.messages {
            let Some(status) = message.status else {
                continue;
            };
            let before = self.witness.received.insert(message.number, status);
            assert!(
                before.is_none_or(
                    |before| before == status || (before < status && !before.is_final())
                ),
                "P10: {before:?} -> {status:?}"
            );
        }
    }

    /// The journal leads to the very same state (P11).
    pub(super) fn check_replay(&self) {
        let replayed = Escalation::replay(self.escalation.id, &self.journal);
        assert_eq!(
            replayed.as_ref(),
            Ok(&self.escalation),
            "P11: the replay differs{self}"
        );
    }
}

/// The call that the network gives an attempt.
pub(super) fn sid(number: u32) -> CallSid {
    CallSid::new(format!("CA{number}"))
}

/// The name that a provider gives a message.
pub(super) fn message_sid(number: u32) -> MessageSid {
    MessageSid::new(format!("SM{number}"))
}

impl std::fmt::Display for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\n\njournal:\n")?;
        for entry in &self.journal {
            writeln!(f, "{entry}")?;
        }
        f.write_char('\n')
    }
}
