//! Proxies as they are set up wrongly, and what is told of each. A core behind a real socket is in `tests/it/doctor.rs`.

use secrecy::SecretString;
use serde_json::json;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

use super::*;
use crate::voice::PublicUrl;

fn key() -> TokenKey {
    TokenKey::new(&[7; 32])
}

/// A core behind a proxy that makes something else of the target.
struct Core {
    arrives: fn(&str) -> String,
    key: TokenKey,
    verified: bool,
}

impl Respond for Core {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let query = request.url.query().unwrap_or_default();
        let target = (self.arrives)(&format!("{}?{query}", request.url.path()));
        let tag = self.key.answer(&target);
        let verified = self.verified && request.method.as_str() == "POST";
        ResponseTemplate::new(200)
            .set_body_json(json!({ "target": target, "verified": verified, "tag": tag }))
    }
}

fn core() -> Core {
    Core {
        arrives: str::to_owned,
        key: key(),
        verified: true,
    }
}

async fn findings(server: &MockServer) -> Vec<Finding> {
    let public = PublicUrl::parse(&format!("{}/rinban", server.uri())).expect("a public URL");
    let trip = RoundTrip {
        links: Links::new(public, key()),
        client: provider::client_that_tells(&server.uri()).expect("a client"),
        listen: "127.0.0.1:8075".to_owned(),
    };
    let token = SecretString::from("the auth token");
    trip.of(&"two names".into(), Some(seal(&token)), Timestamp::now())
        .await
}

async fn check(
    get: impl Respond + 'static,
    post: impl Respond + 'static,
    expected: &[(Level, &str)],
) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(get)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(post)
        .mount(&server)
        .await;
    let findings = findings(&server).await;
    assert_eq!(findings.len(), expected.len(), "{findings:?}");
    for (finding, (level, words)) in findings.iter().zip(expected) {
        assert_eq!(finding.level, *level, "{finding:?}");
        let remedy = finding.remedy.as_deref().unwrap_or_default();
        assert!(
            finding.text.contains(words) || remedy.contains(words),
            "{finding:?}: {words}"
        );
    }
}

fn seal(token: &SecretString) -> Seal<'_> {
    Seal::Form {
        header: "X-Twilio-Signature",
        token,
    }
}

#[tokio::test]
async fn a_proxy_that_passes_everything_on_is_well() {
    let good = [
        (Level::Ok, "path and query unchanged"),
        (Level::Ok, "signed as two names signs it"),
    ];
    check(core(), core(), &good).await;
    // One that takes the prefix away is understood too.
    let stripping = || Core {
        arrives: |target| target.replacen("/rinban", "", 1),
        ..core()
    };
    check(stripping(), stripping(), &good).await;
}

#[tokio::test]
async fn each_way_to_set_up_a_proxy_wrongly_is_told_with_what_to_do() {
    let changed: [fn(&str) -> String; 5] = [
        |target| target.replace("%20", " "),
        |target| target.replace("?a", "/?a"),
        |target| target.split('?').next().unwrap_or_default().to_owned(),
        |target| target.replace("1+2", "1%202"),
        |target| target.replace("%2F", "/"),
    ];
    for arrives in changed {
        let expected = [(Level::Fail, "proxy_pass")];
        check(Core { arrives, ..core() }, core(), &expected).await;
    }
    let other = Core {
        key: TokenKey::new(&[8; 32]),
        ..core()
    };
    check(
        other,
        core(),
        &[(Level::Fail, "another core than the one on this host")],
    )
    .await;
    for (reply, words) in [
        (
            ResponseTemplate::new(200).set_body_string("It works!"),
            "something else than rinban answers",
        ),
        (
            ResponseTemplate::new(301).insert_header("Location", "https://www.example.com/"),
            "redirects to https://www.example.com/",
        ),
        (ResponseTemplate::new(401), "asks for a password"),
        (ResponseTemplate::new(403), "firewall included"),
        (ResponseTemplate::new(404), "does not lead to rinban"),
        (ResponseTemplate::new(502), "does not reach the core"),
        (ResponseTemplate::new(500), "HTTP status 500"),
    ] {
        check(reply, core(), &[(Level::Fail, words)]).await;
    }
}

#[tokio::test]
async fn a_webhook_that_is_refused_is_told_apart_from_an_address_that_is_wrong() {
    let well = (Level::Ok, "path and query unchanged");
    check(
        core(),
        ResponseTemplate::new(403),
        &[well, (Level::Fail, "X-Twilio-Signature")],
    )
    .await;
    check(
        core(),
        ResponseTemplate::new(413),
        &[well, (Level::Fail, "HTTP status 413")],
    )
    .await;
    let unverified = Core {
        verified: false,
        ..core()
    };
    check(
        core(),
        unverified,
        &[well, (Level::Fail, "arrives as a GET")],
    )
    .await;
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_is_told() {
    let trip = RoundTrip {
        links: Links::new(
            PublicUrl::parse("http://127.0.0.1:1").expect("a public URL"),
            key(),
        ),
        client: provider::client_that_tells("http://127.0.0.1:1").expect("a client"),
        listen: "127.0.0.1:8075".to_owned(),
    };
    let findings = trip
        .of(
            &"twilio".into(),
            Some(seal(&SecretString::from("t"))),
            Timestamp::now(),
        )
        .await;
    let [finding] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!(finding.level, Level::Fail);
    assert!(
        finding
            .text
            .contains("cannot be reached: Connection refused"),
        "{finding:?}"
    );
}

#[test]
fn a_certificate_is_renewed_before_its_end() {
    let now: Timestamp = "2026-11-22T00:00:00Z".parse().expect("a timestamp");
    for (until, level) in [
        ("2026-12-22T00:00:00Z", Level::Ok),
        ("2026-12-05T23:00:00Z", Level::Warn),
        ("2026-11-22T00:00:00Z", Level::Fail),
    ] {
        assert_eq!(
            expiry(until.parse().expect("a timestamp"), now).level,
            level,
            "{until}"
        );
    }
}
