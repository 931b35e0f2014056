//! Credentials appear nowhere: not in what the core prints, even when it prints everything, not in journals and not in the
//! store, not in what receivers are told, not in what a carrier's callbacks bring back, and not in what the stand-in itself keeps.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use conformance::serve::{
    Options,
    faults::{Kind, Plan as Faults, Planned},
    people::People,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::system::{ACCOUNT, API_KEY, PATIENCE, Plan, System, TOKEN, event, fast, number, within};

/// The path of the receiver's address, which is a secret as well.
const HOOK: &str = "hook-that-only-the-receiver-knows";

/// All that must not be seen, as it may be written.
fn secrets() -> Vec<String> {
    let mut secrets = vec![API_KEY.to_owned(), HOOK.to_owned()];
    for (account, token) in ACCOUNT.iter().zip(TOKEN) {
        secrets.push(token.to_owned());
        secrets.push(STANDARD.encode(token));
        // Three ways in which the pair is cut into groups of three bytes.
        let pair = STANDARD.encode(format!("{account}:{token}"));
        secrets.push(pair.trim_end_matches('=').to_owned());
    }
    secrets
}

#[track_caller]
fn check(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets() {
        let shown = text
            .find(&secret)
            .map(|at| &bytes[at.saturating_sub(200)..]);
        if let Some(shown) = shown {
            let shown = String::from_utf8_lossy(&shown[..shown.len().min(400)]);
            panic!("{secret} stands in {place}: {shown}");
        }
    }
}

#[test]
#[should_panic(expected = "stands in a header")]
fn the_search_finds_what_is_there() {
    let pair = STANDARD.encode(format!("{}:{}", ACCOUNT[1], TOKEN[1]));
    check(
        "a header",
        format!("Authorization: Basic {pair}").as_bytes(),
    );
}

/// A first carrier with all that makes a core complain, among it credentials that are refused.
fn troubled() -> Options {
    let kinds = [
        Kind::Unauthenticated,
        Kind::ErrorAfter,
        Kind::Garbage,
        Kind::Throttle,
        Kind::LoseWebhook,
    ];
    let faults = kinds.map(Planned::next).to_vec();
    let people = People::default().with(&number(1, 0), &["busy", "key 1"]);
    Options {
        plan: Faults { faults },
        people: people.expect("people"),
        ..fast(40.0)
    }
}

#[test]
fn credentials_appear_in_no_output_of_a_full_run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let receiver = runtime.block_on(async {
        let receiver = MockServer::start().await;
        let all = Mock::given(any()).respond_with(ResponseTemplate::new(200));
        all.mount(&receiver).await;
        receiver
    });
    let more = "[[notices]]\nname = \"receiver\"\nkind = \"webhook\"\nurl_env = \"HOOK\"\n";
    let environment = [
        ("HOOK", format!("{}/{HOOK}", receiver.uri())),
        ("RINBAN_LOG", "trace".to_owned()),
    ];
    let mut system = System::start(Plan {
        carriers: [troubled(), fast(40.0)],
        groups: 4,
        team: 2,
        more: more.to_owned(),
        environment: environment
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
        ..Plan::default()
    });
    for group in 0..4 {
        system.alert(group);
    }
    assert!(system.wait_until_taken(PATIENCE), "somebody is left out");
    system.crash();
    for group in 0..4 {
        system.hand_over(&event(group, "recovery", 0));
    }
    for command in [
        &["journal"][..],
        &["provider"],
        &["provider", "list"],
        &["doctor"],
        &["check"],
        &["replay", "1"],
        &["journal", "1"],
    ] {
        system.home.output(command);
    }
    for journal in system.journals() {
        check(
            "a journal",
            serde_json::to_string(&journal).expect("JSON").as_bytes(),
        );
    }
    let told = within(PATIENCE, || {
        let told = runtime.block_on(receiver.received_requests());
        told.filter(|told| told.len() >= 8)
    });
    for request in told.expect("the receiver is told") {
        check("a notice", &request.body);
        check(
            "a notice's headers",
            format!("{:?}", request.headers).as_bytes(),
        );
    }
    let said = system.home.all_said();
    assert!(said.contains("TRACE"), "everything is printed");
    check("what was printed", said.as_bytes());
    let files = system.home.files();
    assert!(
        files
            .iter()
            .any(|path| path.extension().is_some_and(|name| name == "db")),
        "{files:?}"
    );
    for path in files {
        check(
            &path.display().to_string(),
            &fs::read(&path).expect("readable"),
        );
    }
    for (_, record) in system.seen() {
        check("the stand-in's log", record.to_string().as_bytes());
        check(
            "the stand-in's journal",
            serde_json::to_string(&record).expect("JSON").as_bytes(),
        );
    }
}
