//! The rare failures that people who run pagers have reported, each by its name. In each, somebody is reached in the end.

use conformance::serve::{
    Options,
    faults::{Kind, Plan as Faults, Planned, Rate},
    journal::What,
    people::People,
};

use super::{
    judge::judge,
    proxy,
    system::{PATIENCE, Plan, System, fast, number},
};

/// Both carriers do this each time there is an occasion.
fn always(kind: Kind) -> Options {
    Options {
        rates: vec![Rate { kind, chance: 1.0 }],
        ..fast(40.0)
    }
}

fn at_first(kinds: &[Kind]) -> Options {
    let faults = kinds.iter().copied().map(Planned::next).collect();
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

/// The webhooks that were sent, or were not, each with its fault.
fn webhooks(system: &System) -> Vec<(String, u16, Option<Kind>)> {
    let seen = system.seen().into_iter();
    seen.filter_map(|(_, record)| match record.what {
        What::Webhook(sent) => Some((sent.url, sent.status, record.fault)),
        _ => None,
    })
    .collect()
}

/// A carrier that looks for relative addresses of recordings at its own host, as one did. There is none to look for:
/// whatever the core hands out is absolute, and on the core's own host.
#[test]
fn wrong_host_for_a_relative_play() {
    let system = reached(Plan {
        carriers: [always(Kind::WrongHost), always(Kind::WrongHost)],
        ..Plan::default()
    });
    let own = format!("http://{}/", system.address());
    for (_, record) in system.seen() {
        match record.what {
            What::Webhook(sent) | What::Callback(sent) | What::Media(sent) => {
                assert!(sent.url.starts_with(&own), "{}", sent.url);
            }
            What::Request { form, .. } => {
                for name in ["Url", "FallbackUrl", "StatusCallback"] {
                    let given = form.get(name);
                    let is_own = given.is_none_or(|url| url.starts_with(&own));
                    assert!(is_own, "{name}: {given:?}");
                }
            }
            _ => {}
        }
    }
}

/// The public address is configured with a slash at its end, and with a path; what is signed and what arrives stay the same.
#[test]
fn trailing_slash_in_the_configured_address() {
    let system = reached(Plan {
        public_url: Some("http://CORE/oncall/".to_owned()),
        ..Plan::default()
    });
    let urls = webhooks(&system);
    assert!(
        urls.iter().all(|(url, ..)| !url.contains("oncall//")),
        "{urls:?}"
    );
}

/// Something in between adds a slash to where the call begins. That is no place of the core's, and refused; the
/// fallback's path is another, and the call goes on there.
#[test]
fn trailing_slash_added_on_the_way() {
    reached_through(|path| match path.ends_with("/voice/0") {
        true => format!("{path}/"),
        false => path.to_owned(),
    });
}

/// The same with a slash doubled in the middle.
#[test]
fn slash_doubled_on_the_way() {
    reached_through(|path| path.replace("/voice/0", "//voice/0"));
}

fn reached_through(rewrite: proxy::Rewrite) {
    let core = System::free_port();
    let proxy = proxy::start(core, rewrite);
    let system = reached(Plan {
        listen: Some(core),
        public_url: Some(format!("http://{proxy}")),
        ..Plan::default()
    });
    let webhooks = webhooks(&system);
    let (url, status, _) = &webhooks[0];
    assert!(url.ends_with("/voice/0#rc=2&rp=5xx,ct,rt"), "{url}");
    assert_eq!(*status, 403, "what was changed on the way is refused");
    assert!(webhooks[1].0.contains("/fallback"), "{webhooks:?}");
}

/// The carrier reports 11200, and the core's logs have no trace of a request. Within the same call the fallback's
/// address, which is another, is asked, and the person hears the alert.
#[test]
fn webhook_never_sent_11200_without_a_trace() {
    let system = reached(Plan {
        carriers: [at_first(&[Kind::LoseWebhook]), fast(40.0)],
        ..Plan::default()
    });
    let webhooks = webhooks(&system);
    assert_eq!(webhooks[0].2, Some(Kind::LoseWebhook));
    assert!(webhooks[1].0.contains("/fallback"), "{webhooks:?}");
    let calls = system.carriers[0].calls();
    assert_eq!(calls.len(), 1, "the same call goes on: {calls:?}");
}

/// The same for the request that brings the key: the person is asked again by the fallback.
#[test]
fn key_never_delivered_11200_without_a_trace() {
    let mut plan = at_first(&[Kind::LoseWebhook]);
    plan.plan.faults[0].skip = 1;
    plan.people = People::default()
        .with(&number(0, 0), &["key 1 then 1"])
        .expect("people");
    let system = reached(Plan {
        carriers: [plan, fast(40.0)],
        ..Plan::default()
    });
    let webhooks = webhooks(&system);
    assert!(webhooks[1].0.contains("/keys/"), "{webhooks:?}");
    assert_eq!(webhooks[1].2, Some(Kind::LoseWebhook));
}

/// The phone is picked up, and neither the call's address nor the fallback is ever asked for. That call is lost on the
/// person; another one comes.
#[test]
fn answered_without_twiml_fetched() {
    let system = reached(Plan {
        carriers: [at_first(&[Kind::NeverFetch]), fast(40.0)],
        ..Plan::default()
    });
    let mut calls = system.carriers.iter().flat_map(|carrier| carrier.calls());
    let unheard = calls.next().expect("a call");
    assert!(
        unheard.answered.is_some() && unheard.heard.is_empty(),
        "{unheard:?}"
    );
    assert_eq!(calls.next().map(|call| call.to), Some(number(0, 0)));
}

/// The same, and no status callback says that it was answered.
#[test]
fn answered_without_twiml_fetched_and_without_a_word() {
    let mut carrier = at_first(&[Kind::NeverFetch]);
    let lost = Planned::next(Kind::LoseCallback).times(4);
    carrier.plan.faults.push(lost);
    reached(Plan {
        carriers: [carrier, fast(40.0)],
        ..Plan::default()
    });
}
