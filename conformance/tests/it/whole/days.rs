//! Bad days of one carrier, with another beside it: the same person is rung through the other, nobody waits for the sick
//! one, and nobody is rung twice at a time.

use std::{thread, time::Duration};

use conformance::serve::{
    Options,
    faults::{Kind, Plan as Faults, Planned},
    people::People,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    judge::judge,
    system::{PATIENCE, Plan, System, fast, number},
};

/// More than the second carrier's own work takes, on a busy machine; far less than any time-out, look-up or pause.
const AT_ONCE: SignedDuration = SignedDuration::from_millis(1_500);

fn faulty(faults: Vec<Planned>) -> Options {
    Options {
        plan: Faults { faults },
        ..fast(40.0)
    }
}

/// One alert, until somebody has taken it.
fn reached(plan: Plan) -> System {
    let system = System::start(plan);
    system.alert(0);
    let taken = system.wait_until_taken(PATIENCE);
    assert!(taken, "nobody is reached:\n{}", system.story(0));
    judge(&system);
    system
}

/// Systems of their own, side by side: nearly all of their time is waiting.
fn each<T: Copy + Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            let check = &check;
            scope.spawn(move || check(case));
        }
    });
}

/// When the first call was placed with the second carrier, which is to be one to the first person.
fn rung_through_the_second(system: &System) -> Timestamp {
    let calls = system.carriers[1].calls();
    let first = calls.first().expect("the second carrier has a call");
    assert_eq!(first.to, number(0, 0), "the same person");
    first.created
}

/// A first carrier that cannot be connected to: the second has the call at once.
fn reached_past(first_base_url: &str) {
    let mut system = System::start(Plan {
        first_base_url: Some(first_base_url.to_owned()),
        team: 2,
        ..Plan::default()
    });
    let before = Timestamp::now();
    system.alert(0);
    assert!(system.wait_until_taken(PATIENCE), "{}", system.story(0));
    let took = rung_through_the_second(&system).duration_since(before);
    assert!(took < AT_ONCE, "{first_base_url}: rung after {took:#}");
    judge(&system);
    system.core = None;
}

#[test]
fn a_port_that_refuses_costs_no_time() {
    reached_past(&format!("http://{}", System::free_port()));
}

#[test]
fn a_certificate_that_fits_nobody_costs_no_time() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stranger = Options {
        listen_tls: Some(([127, 0, 0, 1], 0).into()),
        ..fast(1.0)
    };
    let stranger = runtime
        .block_on(conformance::serve::StandIn::start(stranger))
        .expect("a port");
    let address = stranger.tls_address().expect("it listens for TLS");
    reached_past(&format!("https://{address}"));
}

#[test]
fn a_port_that_speaks_no_tls_costs_no_time() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let plain = runtime
        .block_on(conformance::serve::StandIn::start(fast(1.0)))
        .expect("a port");
    reached_past(&format!("https://{}", plain.address()));
}

/// How long the search for a name takes is the resolver's affair; the person is rung when it has failed.
#[test]
fn a_name_that_is_not_found_leaves_nobody_out() {
    let system = reached(Plan {
        first_base_url: Some("https://carrier.invalid".to_owned()),
        ..Plan::default()
    });
    rung_through_the_second(&system);
}

/// Whether the call was placed is not known after a 5xx, so it is looked for, up to 3 s; then the same person is rung
/// through the second carrier. A request that certainly was not carried out is not looked for.
#[test]
fn an_error_at_the_first_carrier_rings_the_same_person_through_the_second() {
    let no_wait = Duration::from_millis(1_500);
    let look_for = Duration::from_secs(6);
    each(
        [
            (Kind::ErrorBefore, look_for),
            (Kind::CloseBefore, look_for),
            (Kind::ResetBefore, look_for),
            (Kind::Unauthenticated, no_wait),
            (Kind::Suspended, no_wait),
        ],
        |(kind, within)| {
            let system = reached(Plan {
                carriers: [faulty(vec![Planned::next(kind)]), fast(40.0)],
                team: 2,
                ..Plan::default()
            });
            let asked = system.requests(0)[0].0;
            let took = rung_through_the_second(&system).duration_since(asked);
            let within = SignedDuration::try_from(within).expect("short");
            assert!(took < within, "{kind}: rung after {took:#}");
            let calls = system.carriers[0].calls();
            assert!(calls.is_empty(), "{kind}: {calls:?}");
        },
    );
}

/// A call that was placed although the reply was lost is found, and no other is placed.
#[test]
fn a_call_whose_reply_was_lost_is_not_placed_again() {
    each(
        [
            Kind::ErrorAfter,
            Kind::CloseAfter,
            Kind::ResetAfter,
            Kind::CutReply,
            Kind::WrongJson,
            Kind::Garbage,
        ],
        |kind| {
            let system = reached(Plan {
                carriers: [faulty(vec![Planned::next(kind)]), fast(40.0)],
                ..Plan::default()
            });
            let calls = [0, 1].map(|carrier: usize| system.carriers[carrier].calls().len());
            assert_eq!(calls, [1, 0], "{kind}: {}", system.story(0));
        },
    );
}

/// The reply is late, or trickles; the call is placed once.
#[test]
fn a_slow_carrier_places_a_call_once() {
    each([Kind::LateReply, Kind::SlowBody], |kind| {
        let slow = Planned::next(kind).lasting(2_000);
        let system = reached(Plan {
            carriers: [faulty(vec![slow]), fast(40.0)],
            ..Plan::default()
        });
        let calls = [0, 1].map(|carrier: usize| system.carriers[carrier].calls().len());
        assert_eq!(calls, [1, 0], "{kind}: {}", system.story(0));
    });
}

/// A request that is never answered, and was never carried out: given up after 30 s, as the real carrier has been seen to work on
/// a request for 26 s; then the same person is rung through the second carrier.
#[test]
fn a_request_that_hangs_is_given_up() {
    let system = reached(Plan {
        carriers: [faulty(vec![Planned::next(Kind::HangBefore)]), fast(40.0)],
        ..Plan::default()
    });
    let asked = system.requests(0)[0].0;
    let took = rung_through_the_second(&system).duration_since(asked);
    assert!(took < SignedDuration::from_secs(36), "rung after {took:#}");
}

/// Too many requests at once: never carried out, so it is sent again.
#[test]
fn a_throttled_request_is_sent_again() {
    let throttled = Planned::next(Kind::Throttle).times(3);
    let system = reached(Plan {
        carriers: [faulty(vec![throttled]), fast(40.0)],
        ..Plan::default()
    });
    assert_eq!(system.carriers[0].calls().len(), 1);
    assert_eq!(system.requests(0).len(), 4, "{:?}", system.requests(0));
}

/// Status callbacks that are lost, repeated, late and out of order change nothing for whoever is called.
#[test]
fn callbacks_in_any_state_leave_nobody_out() {
    let quick = "ring_timeout_secs = 2\ncallback_grace_secs = 0.5\nround_pause_secs = 1\nmax_calls_per_hour = 1000\n\
                 message_repeats = 1\ncall_limit_secs = 10\n";
    each(
        [
            Kind::LoseCallback,
            Kind::RepeatCallback,
            Kind::DelayCallback,
            Kind::ReorderCallback,
        ],
        |kind| {
            let mut carrier = faulty(vec![Planned::next(kind).times(100)]);
            carrier.people = People::default()
                .with(&number(0, 0), &["busy"])
                .and_then(|people| people.with(&number(0, 1), &["no answer"]))
                .and_then(|people| people.with(&number(0, 2), &["after 1s early key 1"]))
                .expect("people");
            reached(Plan {
                carriers: [carrier, fast(40.0)],
                team: 3,
                policy: quick,
                ..Plan::default()
            });
        },
    );
}

/// Four alerts at once, one call a second granted: each waits for its turn, none is dropped, and none is sent early.
#[test]
fn calls_above_the_rate_wait_in_line_and_all_arrive() {
    let system = System::start(Plan {
        groups: 4,
        calls_per_second: None,
        ..Plan::default()
    });
    for group in 0..4 {
        system.alert(group);
    }
    assert!(system.wait_until_taken(PATIENCE), "somebody is left out");
    let calls = system.carriers[0].calls();
    let to: Vec<_> = calls.iter().map(|call| call.to.clone()).collect();
    assert_eq!(to, [0, 1, 2, 3].map(|group| number(group, 0)), "in order");
    let first = calls[0].created;
    for (nth, call) in calls.iter().enumerate().skip(1) {
        let waited = call.created.duration_since(first).as_secs_f64();
        let turn = nth as f64;
        let in_turn = (turn - 0.1..turn + 1.0).contains(&waited);
        assert!(in_turn, "call {nth} came after {waited} s");
    }
    assert!(
        system.carriers[1].calls().is_empty(),
        "nobody evades the line"
    );
    judge(&system);
}

/// The first call of a new alert goes before the second call of one that is being worked on.
#[test]
fn first_calls_of_new_alerts_go_ahead() {
    let mut carrier = fast(40.0);
    carrier.people = People::default()
        .with(&number(0, 0), &["busy"])
        .expect("people");
    let system = System::start(Plan {
        carriers: [carrier, fast(40.0)],
        groups: 3,
        team: 2,
        calls_per_second: None,
        ..Plan::default()
    });
    for group in 0..3 {
        system.alert(group);
    }
    assert!(system.wait_until_taken(PATIENCE), "somebody is left out");
    let calls = system.carriers[0].calls();
    let to: Vec<_> = calls.iter().map(|call| call.to.clone()).collect();
    let expected = [number(0, 0), number(1, 0), number(2, 0), number(0, 1)];
    assert_eq!(to, expected, "the second person of group 0 comes last");
}

/// The first carrier answers every request with an error for a while. Once that is known it gets nothing but probes, and
/// calls go out through the second without asking it.
#[test]
fn during_an_outage_the_sick_carrier_gets_probes_only() {
    let down = Planned::next(Kind::ErrorBefore).on("any").times(100_000);
    let alerts = 16;
    let system = System::start(Plan {
        carriers: [faulty(vec![down]), fast(40.0)],
        groups: alerts,
        ..Plan::default()
    });
    let mut given = Vec::new();
    for group in 0..alerts {
        given.push(Timestamp::now());
        system.alert(group);
        thread::sleep(Duration::from_millis(2_750));
    }
    assert!(system.wait_until_taken(PATIENCE), "somebody is left out");
    judge(&system);
    let asked = system.requests(0);
    let placed = asked.iter().filter(|(_, what)| what == "POST Calls.json");
    assert_eq!(
        placed.count(),
        2,
        "two failures are enough to know: {asked:?}"
    );
    let probes = asked.iter().filter(|(_, what)| what == "GET");
    let probes = probes.count();
    assert!(
        (1..=2).contains(&probes),
        "{probes} probes in 44 s: {asked:?}"
    );
    let calls = system.carriers[1].calls();
    for (group, at) in given.iter().enumerate().skip(2) {
        let call = calls.iter().find(|call| call.to == number(group, 0));
        let waited = call.expect("a call").created.duration_since(*at);
        assert!(waited < AT_ONCE, "alert {group} waited {waited:#}");
    }
}
