//! A core that nothing reaches from outside: calls say their message by themselves, and what became of them is looked up.

use rinban::escalation::{Effect, Entry, Input, Phase};

use crate::support::{
    core::{Core, Home, problem},
    wait_for, within,
};

/// How long a core takes that looks for replies every ten seconds.
const LOOKS: std::time::Duration = std::time::Duration::from_secs(30);

fn home(policy: &str, aya: &str) -> Home {
    Home::with(&format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:0"
reachability = "outbound-only"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "phones"
kind = "simulated"
channels = ["voice", "sms"]
[simulator]
speed = 20.0
[simulator.people]
"+819012345678" = ["{aya}"]
[policies.default]
{policy}
[members.aya]
number = "+819012345678"
language = "en"
[groups.web]
members = ["aya"]
"#
    ))
}

fn page(home: &Home) -> Core {
    let core = home.serve();
    core.post(&problem("db1"));
    core
}

fn saw(journal: &[Entry], is: impl Fn(&Input) -> bool) -> bool {
    journal.iter().any(|entry| is(&entry.input))
}

fn taken_by(home: &Home) -> Option<String> {
    match home.stored_escalation(1)?.phase {
        Phase::Acknowledged { by, .. } => Some(by),
        _ => None,
    }
}

#[test]
fn calls_say_their_message_inline_and_are_looked_up_until_they_end() {
    let home = home("round_pause_secs = 600", "listen");
    let _core = page(&home);
    let journal = wait_for("the end of the round", || {
        let escalation = home.stored_escalation(1)?;
        matches!(escalation.phase, Phase::Pausing { .. }).then(|| home.journal(1))
    });
    let is_inline = |effect: &Effect| matches!(effect, Effect::Place { inline: true, .. });
    assert!(
        journal
            .iter()
            .flat_map(|entry| entry.effects.iter())
            .any(is_inline)
    );
    assert!(!saw(&journal, |input| matches!(input, Input::Voice { .. })));
    assert!(saw(&journal, |input| matches!(
        input,
        Input::Status { status, .. } if status.is_terminal()
    )));
    // Nobody pressed a key, and nobody said that answering is enough (P4).
    assert_eq!(taken_by(&home), None);
}

#[test]
fn a_person_who_answers_takes_it_where_the_operator_says_so_and_a_voicemail_does_not() {
    let policy = "answer_takes = true\nround_pause_secs = 600";
    let answered = home(policy, "listen");
    let _core = page(&answered);
    assert_eq!(
        wait_for("somebody to take it", || taken_by(&answered)),
        "aya"
    );
    let voicemail = home(policy, "voicemail");
    let _core = page(&voicemail);
    wait_for("the end of the round", || {
        let escalation = voicemail.stored_escalation(1)?;
        matches!(escalation.phase, Phase::Pausing { .. }).then_some(())
    });
    assert_eq!(taken_by(&voicemail), None);
}

#[test]
fn a_reply_is_fetched_and_takes_it() {
    let home = home("steps = [\"sms\"]\nreply_wait_secs = 600", "sms reply 1");
    let core = page(&home);
    let by = within(LOOKS, || taken_by(&home));
    assert_eq!(by.as_deref(), Some("aya"), "{}", core.log());
    let journal = home.journal(1);
    assert!(saw(&journal, |input| matches!(input, Input::Reply { .. })));
    assert!(saw(&journal, |input| matches!(
        input,
        Input::Receipt { .. }
    )));
}
