use proptest::prelude::*;

use super::*;
use crate::escalation::EscalationId;

const EVEN: f64 = 0.5;

fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(secs)
}

fn attempt(number: u32) -> AttemptId {
    AttemptId {
        escalation: EscalationId(1),
        number,
    }
}

fn offers(weights: &[(&str, u32)]) -> Vec<Offer> {
    weights
        .iter()
        .map(|(name, weight)| Offer {
            provider: ProviderName::new(*name),
            channel: Channel::Voice,
            weight: *weight,
            rate: Rate::ONE_A_SECOND,
        })
        .collect()
}

fn main_and_spare() -> Dispatch {
    Dispatch::new(&offers(&[("main", 100), ("spare", 0)]), Kept::default())
}

fn pick(dispatch: &mut Dispatch, now: Timestamp, number: u32, tried: &[&str]) -> Pick {
    let tried: Vec<_> = tried.iter().map(|name| ProviderName::new(*name)).collect();
    let ask = Ask {
        attempt: attempt(number),
        channel: Channel::Voice,
        tried: &tried,
        class: Class::Further,
    };
    dispatch.pick(now, ask)
}

fn through(name: &str) -> Pick {
    Pick::Through(ProviderName::new(name))
}

fn report(dispatch: &mut Dispatch, now: Timestamp, name: &str, report: Report) -> Option<What> {
    let name = ProviderName::new(name);
    let happened = dispatch.report(now, (&name, Channel::Voice), report, EVEN)?;
    Some(happened.what)
}

#[test]
fn a_provider_that_failed_a_person_is_not_asked_again() {
    let mut dispatch = main_and_spare();
    assert_eq!(pick(&mut dispatch, at(0), 1, &[]), through("main"));
    assert_eq!(pick(&mut dispatch, at(0), 1, &["main"]), through("spare"));
    assert_eq!(
        pick(&mut dispatch, at(0), 1, &["main", "spare"]),
        Pick::Nobody
    );
}

#[test]
fn nobody_waits_for_a_sick_provider_while_another_is_well() {
    let mut dispatch = main_and_spare();
    report(&mut dispatch, at(0), "main", Report::Fault);
    let opened = report(&mut dispatch, at(1), "main", Report::Fault);
    assert!(matches!(opened, Some(What::Breaker(Change::Opened { .. }))));
    assert_eq!(pick(&mut dispatch, at(2), 1, &[]), through("spare"));
    // One call through a sick provider is better than none.
    assert_eq!(pick(&mut dispatch, at(2), 1, &["spare"]), through("main"));
}

#[test]
fn a_sick_provider_is_probed_tried_and_preferred_again() {
    let mut dispatch = main_and_spare();
    let main = ProviderName::new("main");
    report(&mut dispatch, at(0), "main", Report::Fault);
    report(&mut dispatch, at(0), "main", Report::Fault);
    let until = dispatch.next_wakeup().expect("the end of the pause");
    let (probes, _) = dispatch.wake(until, EVEN);
    assert_eq!(probes, [(main.clone(), Channel::Voice)]);
    assert_eq!(pick(&mut dispatch, until, 1, &[]), through("spare"));
    dispatch.probed(until, (&main, Channel::Voice), Report::Good, EVEN);
    let trial = until + SignedDuration::from_secs(1);
    assert_eq!(pick(&mut dispatch, trial, 2, &[]), through("main"));
    assert_eq!(
        pick(&mut dispatch, trial, 3, &[]),
        through("spare"),
        "one trial at a time"
    );
    let closed = report(&mut dispatch, trial, "main", Report::Good);
    assert_eq!(closed, Some(What::Breaker(Change::Closed)));
    let soon = trial + SignedDuration::from_mins(9);
    assert_eq!(pick(&mut dispatch, soon, 4, &[]), through("spare"));
    let settled = trial + SignedDuration::from_mins(10);
    assert_eq!(pick(&mut dispatch, settled, 5, &[]), through("main"));
}

#[test]
fn above_the_rate_a_few_wait_and_the_rest_go_through_the_spare() {
    let mut dispatch = main_and_spare();
    let picks: Vec<Pick> = (0..8)
        .map(|number| pick(&mut dispatch, at(0), number, &[]))
        .collect();
    let waits = (1..=5).map(|secs| Pick::Wait(at(secs)));
    let wanted: Vec<Pick> = [through("main")]
        .into_iter()
        .chain(waits)
        .chain([through("spare"), Pick::Wait(at(1))])
        .collect();
    assert_eq!(picks, wanted);
}

#[test]
fn what_is_accepted_and_never_arrives_moves_the_weight_until_the_hold_is_over() {
    let mut dispatch = main_and_spare();
    let main = ProviderName::new("main");
    for (number, who) in [(1, "aya"), (2, "ben"), (3, "chie")] {
        let now = at(i64::from(number));
        dispatch.accepted(now, (&main, Channel::Voice), attempt(number), who.into());
    }
    assert_eq!(dispatch.wake(at(74), EVEN).1, [], "they are young");
    let happened = dispatch.wake(at(78), EVEN).1;
    let rate = Some(Delivered {
        delivered: 0,
        of: 3,
    });
    assert_eq!(
        happened.iter().map(|it| &it.what).collect::<Vec<_>>(),
        [&What::HeldBack(rate)]
    );
    assert_eq!(pick(&mut dispatch, at(79), 4, &[]), through("spare"));
    let back = dispatch.next_wakeup().expect("the end of the hold");
    let happened = dispatch.wake(back, EVEN).1;
    assert_eq!(
        happened.iter().map(|it| &it.what).collect::<Vec<_>>(),
        [&What::Back]
    );
    assert_eq!(pick(&mut dispatch, back, 5, &[]), through("main"));
}

#[test]
fn what_an_operator_forbids_is_never_used() {
    let mut dispatch = main_and_spare();
    let forced = Forced {
        open: true,
        by: "aya".into(),
        why: "unpaid".into(),
        at: at(0),
    };
    assert!(dispatch.force(&"main".into(), None, Some(&forced)));
    assert!(!dispatch.force(&"nobody".into(), None, Some(&forced)));
    assert_eq!(pick(&mut dispatch, at(0), 1, &["spare"]), Pick::Nobody);
}

#[test]
fn a_restart_inherits_breaker_bucket_and_ratio() {
    let mut dispatch = main_and_spare();
    pick(&mut dispatch, at(0), 1, &[]);
    report(&mut dispatch, at(0), "main", Report::Account);
    pick(&mut dispatch, at(0), 2, &[]);
    let weights = [(ProviderName::new("spare"), 10)];
    let by = ("aya", "trying the spare");
    dispatch
        .set_ratio(at(0), Channel::Voice, by, &weights)
        .expect("good weights");
    let json = serde_json::to_string(&dispatch.kept()).expect("it is JSON");
    let kept: Kept = serde_json::from_str(&json).expect("read back");
    assert_eq!(kept, dispatch.kept());
    let mut next = Dispatch::new(&offers(&[("main", 100), ("spare", 0)]), kept);
    assert_eq!(next.kept(), dispatch.kept());
    assert_eq!(
        pick(&mut next, at(0), 3, &[]),
        Pick::Wait(at(1)),
        "the spare's second is not over"
    );
}

/// What may happen to dispatch.
#[derive(Clone, Debug)]
enum Happens {
    Pick(Vec<bool>),
    Report(usize, Report),
    Probed(usize, Report),
    Wake,
}

fn happens() -> impl Strategy<Value = (i64, Happens)> {
    let any_report = prop_oneof![
        Just(Report::Good),
        Just(Report::Slow),
        Just(Report::Fault),
        Just(Report::Account)
    ];
    let what = prop_oneof![
        proptest::collection::vec(any::<bool>(), 3).prop_map(Happens::Pick),
        (0_usize..3, any_report.clone()).prop_map(|(who, report)| Happens::Report(who, report)),
        (0_usize..3, any_report).prop_map(|(who, report)| Happens::Probed(who, report)),
        Just(Happens::Wake),
    ];
    (0_i64..200, what)
}

proptest! {
    /// Whatever the providers do: as long as one has not been tried, it carries the attempt, now or within the time that
    /// the line before it takes; and nobody waits while a provider is sick and another is free.
    #[test]
    fn somebody_always_carries(happens in proptest::collection::vec(happens(), 1..60)) {
        let names = ["a", "b", "c"];
        let mut dispatch = Dispatch::new(&offers(&[("a", 70), ("b", 30), ("c", 0)]), Kept::default());
        let mut now = at(0);
        for (number, (secs, what)) in (0..).zip(happens) {
            now += SignedDuration::from_secs(secs);
            match what {
                Happens::Report(who, what) => drop(report(&mut dispatch, now, names[who], what)),
                Happens::Probed(who, what) => {
                    let name = ProviderName::new(names[who]);
                    dispatch.probed(now, (&name, Channel::Voice), what, EVEN);
                }
                Happens::Wake => drop(dispatch.wake(now, EVEN)),
                Happens::Pick(tried) => {
                    let tried: Vec<_> = names.into_iter().zip(&tried).filter(|(_, is)| **is).map(|(name, _)| name).collect();
                    match pick(&mut dispatch, now, number, &tried) {
                        Pick::Nobody => prop_assert_eq!(tried.len(), 3),
                        Pick::Through(name) => prop_assert!(!tried.contains(&name.as_str())),
                        Pick::Wait(turn) => prop_assert!(turn > now && turn <= now + SignedDuration::from_secs(60)),
                    }
                }
            }
        }
    }
}
