//! The promises under random inputs, hostile ones included. `RINBAN_SEED` replays a run; a counter-example is shrunk
//! and prints as its journal.

use jiff::SignedDuration;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    CallStatus, FaultClass, Heard, Input, MessageStatus, Phase, Policy, Said, Way,
    world::{World, fault, message_sid, sid},
};
use crate::roster::Channel;

/// One thing that can happen. `which` counts attempts back from the last.
#[derive(Clone, Debug)]
enum Move {
    Placed {
        which: u8,
    },
    PlaceFailed {
        which: u8,
        class: FaultClass,
        possible_duplicate: bool,
    },
    Status {
        which: u8,
        status: CallStatus,
        twin: bool,
    },
    Heard {
        which: u8,
        heard: Heard,
    },
    HeardAt {
        which: u8,
        stage: u16,
        heard: Heard,
    },
    Join {
        alert: u8,
    },
    Recover {
        alert: u8,
    },
    Take {
        alert: u8,
    },
    Wait {
        secs: u16,
    },
    /// The lines are full for so many questions.
    Full {
        times: u8,
    },
    /// A provider tells of the last message, or one before.
    Sent {
        which: u8,
    },
    NotSent {
        which: u8,
        class: FaultClass,
    },
    Receipt {
        which: u8,
        status: MessageStatus,
    },
    Reply {
        said: Said,
    },
    Wake,
    WakeEarly,
    Restart {
        hours_back: u8,
    },
}

fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        3 => Just(Heard::Answer),
        2 => Just(Heard::Silence),
        1 => proptest::option::of(11200u32..11210).prop_map(Heard::Trouble),
        4 => prop::sample::select(vec!["1", "2", "3", "9", "0", "", "12"])
            .prop_map(|keys| Heard::Keys(keys.to_owned())),
    ]
}

fn status() -> impl Strategy<Value = CallStatus> {
    prop::sample::select(vec![
        CallStatus::Queued,
        CallStatus::Initiated,
        CallStatus::Ringing,
        CallStatus::InProgress,
        CallStatus::Completed,
        CallStatus::Busy,
        CallStatus::NoAnswer,
        CallStatus::Failed,
        CallStatus::Canceled,
    ])
}

fn message_status() -> impl Strategy<Value = MessageStatus> {
    prop::sample::select(vec![
        MessageStatus::Queued,
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Undelivered,
    ])
}

fn class() -> impl Strategy<Value = FaultClass> {
    prop::sample::select(vec![
        FaultClass::Provider,
        FaultClass::Account,
        FaultClass::Callee,
        FaultClass::Ours,
        FaultClass::Ambiguous,
    ])
}

fn one_move() -> impl Strategy<Value = Move> {
    // Mostly about the attempt that is live, sometimes about an older one.
    let which = || prop_oneof![6 => Just(0u8), 1 => 1u8..6];
    let alert = || 0u8..4;
    prop_oneof![
        3 => which().prop_map(|which| Move::Placed { which }),
        2 => (which(), class(), any::<bool>()).prop_map(|(which, class, possible_duplicate)| {
            Move::PlaceFailed { which, class, possible_duplicate }
        }),
        8 => (which(), status(), prop::bool::weighted(0.05))
            .prop_map(|(which, status, twin)| Move::Status { which, status, twin }),
        6 => (which(), heard()).prop_map(|(which, heard)| Move::Heard { which, heard }),
        1 => (which(), 0u16..5, heard())
            .prop_map(|(which, stage, heard)| Move::HeardAt { which, stage, heard }),
        2 => alert().prop_map(|alert| Move::Join { alert }),
        1 => alert().prop_map(|alert| Move::Recover { alert }),
        1 => alert().prop_map(|alert| Move::Take { alert }),
        1 => which().prop_map(|which| Move::Sent { which }),
        1 => (which(), class()).prop_map(|(which, class)| Move::NotSent { which, class }),
        2 => (which(), message_status())
            .prop_map(|(which, status)| Move::Receipt { which, status }),
        1 => prop::sample::select(vec![Said::Take, Said::Pass, Said::Close, Said::Other])
            .prop_map(|said| Move::Reply { said }),
        2 => (0u16..400).prop_map(|secs| Move::Wait { secs }),
        1 => (1u8..4).prop_map(|times| Move::Full { times }),
        4 => Just(Move::Wake),
        1 => Just(Move::WakeEarly),
        1 => (0u8..48).prop_map(|hours_back| Move::Restart { hours_back }),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let ways = prop::sample::select(vec![Way::Voice, Way::Sms, Way::Both]);
    let steps = prop_oneof![
        2 => Just(vec![Way::Voice]),
        1 => prop::collection::vec(ways, 1..4),
    ];
    (
        proptest::option::of(1u32..4),
        1u32..30,
        any::<bool>(),
        steps,
    )
        .prop_map(
            |(max_rounds, max_calls_per_hour, allow_close, steps)| Policy {
                max_rounds,
                max_calls_per_hour,
                allow_close,
                steps,
                ..Policy::default()
            },
        )
}

fn channels() -> impl Strategy<Value = Vec<Channel>> {
    prop::sample::select(vec![
        vec![Channel::Voice],
        vec![Channel::Voice, Channel::Sms],
        vec![Channel::Sms],
    ])
}

/// `sato` may stand in the roster twice: that is allowed, and she still has one phone.
fn people() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["sato", "suzuki", "tanaka"]), 0..5)
}

impl World {
    fn make(&mut self, one: &Move) {
        let number = |which: &u8| self.last_call().saturating_sub(u32::from(*which));
        let message = |which: &u8| self.last_message().saturating_sub(u32::from(*which));
        match one {
            Move::Placed { which } => {
                let number = number(which);
                let attempt = self.id(number);
                self.see(Input::Placed {
                    attempt,
                    call: sid(number),
                });
            }
            Move::PlaceFailed {
                which,
                class,
                possible_duplicate,
            } => {
                let attempt = self.id(number(which));
                let (fault, possible_duplicate) = (fault(*class), *possible_duplicate);
                self.see(Input::PlaceFailed {
                    attempt,
                    fault,
                    possible_duplicate,
                });
            }
            Move::Status {
                which,
                status,
                twin,
            } => {
                let number = number(which);
                let attempt = self.id(number);
                let call = if *twin { "CAtwin".into() } else { sid(number) };
                self.see(Input::Status {
                    attempt,
                    call,
                    status: *status,
                });
            }
            Move::Heard { which, heard } => {
                let number = number(which);
                self.hear(number, heard.clone());
            }
            Move::HeardAt {
                which,
                stage,
                heard,
            } => {
                let number = number(which);
                self.hear_at(number, *stage, heard.clone());
            }
            Move::Join { alert } => self.join(*alert),
            Move::Recover { alert } => self.recover(*alert),
            Move::Take { alert } => self.take_in_monitor(*alert),
            Move::Wait { secs } => self.pass_time(SignedDuration::from_secs(i64::from(*secs))),
            Move::Full { times } => self.busy = *times,
            Move::Sent { which } => {
                let number = message(which);
                let attempt = self.id(number);
                let message = message_sid(number);
                self.see(Input::MessageSent { attempt, message });
            }
            Move::NotSent { which, class } => {
                let attempt = self.id(message(which));
                let fault = fault(*class);
                self.see(Input::MessageFailed {
                    attempt,
                    fault,
                    possible_duplicate: false,
                });
            }
            Move::Receipt { which, status } => {
                let number = message(which);
                self.receipt(number, *status);
            }
            Move::Reply { said } => {
                self.reply(*said);
            }
            Move::Wake => {
                self.wake();
            }
            Move::WakeEarly => {
                self.see(Input::Woke);
            }
            Move::Restart { hours_back } => {
                self.now -= SignedDuration::from_hours(i64::from(*hours_back));
                self.see(Input::Restarted);
                let (at, _) = self.escalation.next_wakeup().unwrap_or((self.now, ""));
                let ahead = at.duration_since(self.now);
                assert!(
                    ahead <= SignedDuration::from_hours(2),
                    "a timer is lost{self}"
                );
            }
        }
    }

    /// However it stands, it can be ended: nobody answers until somebody takes it, then it recovers.
    fn bring_to_an_end(&mut self) {
        let mut wakes = 0;
        while self.counts().waiting > 0 && self.escalation.next_wakeup().is_some() {
            let live = self.escalation.attempts.last();
            let placed = live.filter(|live| live.provider.is_some());
            let fresh = placed.filter(|live| live.outcome.is_none() && !live.is_ended());
            let writes = matches!(self.escalation.phase, Phase::Writing { .. });
            match fresh.map(|live| live.number) {
                _ if wakes > 3 && writes => {
                    self.reply(Said::Take);
                }
                Some(number) if wakes > 3 && !writes => {
                    self.hear(number, Heard::Answer);
                    self.hear(number, Heard::Keys("1".into()));
                    // The provider may know the attempt by the name of another call.
                    if self.counts().waiting > 0 {
                        self.wake();
                    }
                }
                _ => {
                    self.wake();
                }
            }
            wakes += 1;
            assert!(
                wakes < 400 || self.people.is_empty(),
                "P2: nobody is called any more{self}"
            );
            if self.people.is_empty() && wakes > 20 {
                break;
            }
        }
        for alert in 0..4 {
            self.recover(alert);
        }
        assert!(self.escalation.is_over(), "it does not end{self}");
        assert_eq!(self.escalation.next_wakeup(), None);
    }
}

/// The seed of this run: `RINBAN_SEED` if it is set.
fn seed() -> u64 {
    let given = std::env::var("RINBAN_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("RINBAN_SEED={seed}");
    seed
}

#[test]
fn ten_thousand_random_escalations_keep_the_promises() {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: 10_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let moves = prop::collection::vec(one_move(), 0..60);
    let outcome = runner.run(
        &(people(), channels(), policy(), moves),
        |(people, channels, policy, moves)| {
            let mut world = World::over(&people, channels, policy);
            for one in &moves {
                world.make(one);
            }
            world.bring_to_an_end();
            world.check_replay();
            Ok(())
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
