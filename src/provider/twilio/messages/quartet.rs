//! Each method against a scripted Twilio: the shape of the request, success, refusals, 5xx, too slow.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{basic_auth, method, path, query_param, query_param_is_missing},
};

use super::{
    super::quartet::{
        FROM, TIMING, TO, TOKEN, account, always, check, error, form, number, requests,
    },
    *,
};
use crate::{escalation::AttemptId, provider::client};

const LIST: &str = "/2010-04-01/Accounts/AC00/Messages.json";
const URL: &str = "https://rinban.example/v1/calls/t/tok+en/receipt";

async fn from(sender: Sender) -> (MockServer, TwilioSms) {
    let server = MockServer::start().await;
    let account = account(&server);
    let twilio = TwilioSms::new("twilio".into(), account, sender, client::unpooled());
    (server, twilio.with_timing(TIMING))
}

async fn pair() -> (MockServer, TwilioSms) {
    from(Sender::Number(PhoneNumber::parse(FROM).expect("E.164"))).await
}

fn message() -> MessageRequest {
    MessageRequest {
        to: number(),
        text: "ディスクが一杯です & more".to_owned(),
        attempt: AttemptId::parse("42-7").expect("an attempt"),
        status_url: Some(URL.to_owned()),
    }
}

fn listed(sid: &str, direction: &str, second: u32) -> Value {
    let (from, to) = match direction {
        "inbound" => (TO, FROM),
        _ => (FROM, TO),
    };
    json!({
        "sid": sid, "from": from, "to": to, "direction": direction, "status": "sent", "body": "1",
        "date_created": format!("Tue, 25 Nov 2025 10:00:{second:02} +0000"),
    })
}

fn at(second: i64) -> Timestamp {
    let ten: Timestamp = "2025-11-25T10:00:00Z".parse().expect("a timestamp");
    ten + jiff::SignedDuration::from_secs(second)
}

#[tokio::test]
async fn sending_sends_exactly_the_documented_form() {
    for (sender, field, value) in [
        (
            Sender::Number(PhoneNumber::parse(FROM).expect("E.164")),
            "From",
            FROM,
        ),
        (Sender::Name("RINBAN".to_owned()), "From", "RINBAN"),
        (
            Sender::Service("MG00".to_owned()),
            "MessagingServiceSid",
            "MG00",
        ),
    ] {
        let (server, twilio) = from(sender).await;
        Mock::given(method("POST"))
            .and(path(LIST))
            .and(basic_auth("AC00", TOKEN))
            .respond_with(
                ResponseTemplate::new(201).set_body_json(json!({"sid": "SM1", "status": "queued"})),
            )
            .expect(1)
            .mount(&server)
            .await;
        let request = message();
        assert_eq!(twilio.send(&request).await, Ok("SM1".into()));
        let [sent] = &requests(&server).await[..] else {
            panic!("not one request")
        };
        let expected = [
            ("To", TO),
            (field, value),
            ("Body", &request.text),
            ("StatusCallback", URL),
        ];
        assert_eq!(
            form(sent),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}

#[tokio::test]
async fn where_nothing_reaches_us_no_receipt_is_asked_for() {
    let (server, twilio) = pair().await;
    always(
        &server,
        ResponseTemplate::new(201).set_body_json(json!({"sid": "SM1"})),
    )
    .await;
    let request = MessageRequest {
        status_url: None,
        ..message()
    };
    twilio.send(&request).await.expect("sent");
    let sent = form(&requests(&server).await[0]);
    assert!(
        sent.iter().all(|(name, _)| name != "StatusCallback"),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_refused_message_says_whose_fault_it_is_and_is_sent_once() {
    for (reply, class, code) in [
        (error(400, 21211), FaultClass::Callee, Some(21211)),
        (error(400, 21610), FaultClass::Callee, Some(21610)),
        (error(400, 21606), FaultClass::Ours, Some(21606)),
        (error(401, 20003), FaultClass::Account, Some(20003)),
        (error(500, 20500), FaultClass::Ambiguous, Some(20500)),
        (ResponseTemplate::new(503), FaultClass::Ambiguous, None),
        (
            ResponseTemplate::new(201).set_body_json(json!({"sid": ".."})),
            FaultClass::Ambiguous,
            None,
        ),
        (ResponseTemplate::new(201), FaultClass::Ambiguous, None),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        check(twilio.send(&message()).await, class, code);
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_reply_slower_than_the_time_out_is_ambiguous_for_a_message_and_the_providers_fault_for_a_question()
 {
    let (server, twilio) = pair().await;
    let twilio = twilio.with_timing(Timing {
        request: Duration::from_millis(300),
        ..TIMING
    });
    let slow = ResponseTemplate::new(201)
        .set_body_json(json!({"sid": "SM1"}))
        .set_delay(TIMING.request);
    always(&server, slow).await;
    let (request, sid, to) = (message(), MessageSid::new("SM1"), number());
    let (sent, status, found, inbox) = tokio::join!(
        twilio.send(&request),
        twilio.look_up(&sid),
        twilio.find(&to, at(0), &[]),
        twilio.inbox(at(0)),
    );
    check(sent, FaultClass::Ambiguous, None);
    check(status, FaultClass::Provider, None);
    check(found, FaultClass::Provider, None);
    check(inbox, FaultClass::Provider, None);
}

#[tokio::test]
async fn looking_up_reads_the_status() {
    let (server, twilio) = pair().await;
    Mock::given(method("GET"))
        .and(path("/2010-04-01/Accounts/AC00/Messages/SM1.json"))
        .and(basic_auth("AC00", TOKEN))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": "undelivered"})))
        .mount(&server)
        .await;
    assert_eq!(
        twilio.look_up(&"SM1".into()).await,
        Ok(MessageStatus::Undelivered)
    );
    check(
        twilio.look_up(&"SM2".into()).await,
        FaultClass::Provider,
        None,
    );
    check(twilio.look_up(&"../x".into()).await, FaultClass::Ours, None);
}

#[tokio::test]
async fn the_newest_unknown_message_to_that_number_is_found() {
    let (server, twilio) = pair().await;
    let page = json!({"messages": [
        listed("SM9", "inbound", 50), listed("SM3", "outbound-api", 40), listed("SM4", "outbound-api", 42),
    ]});
    Mock::given(method("GET"))
        .and(path(LIST))
        .and(query_param("To", TO))
        .and(query_param("From", FROM))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .mount(&server)
        .await;
    for (since, known, expected) in [
        (0, &[][..], Some("SM4")),
        (0, &["SM4"], Some("SM3")),
        (42, &["SM4"], Some("SM3")),
        (43, &["SM4"], None),
        (45, &[], None),
    ] {
        let known: Vec<MessageSid> = known.iter().copied().map(MessageSid::from).collect();
        let found = twilio
            .find(&number(), at(since), &known)
            .await
            .expect("a list");
        let found = found.as_ref().map(|found| found.message.as_str());
        assert_eq!(found, expected, "since {since}, known {known:?}");
    }
}

#[tokio::test]
async fn messages_of_a_service_are_found_by_whom_they_go_to() {
    let (server, twilio) = from(Sender::Service("MG00".to_owned())).await;
    Mock::given(method("GET"))
        .and(query_param("To", TO))
        .and(query_param_is_missing("From"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"messages": [listed("SM1", "outbound-api", 1)]})),
        )
        .expect(1)
        .mount(&server)
        .await;
    let found = twilio.find(&number(), at(0), &[]).await.expect("a list");
    assert_eq!(found.expect("found").message.as_str(), "SM1");
}

#[tokio::test]
async fn the_inbox_holds_what_came_to_our_number_since_then() {
    let (server, twilio) = pair().await;
    let mut of_a_name = listed("SM3", "inbound", 45);
    of_a_name["from"] = json!("BANK");
    let page = json!({"messages": [
        of_a_name, listed("SM2", "outbound-reply", 42), listed("SM1", "inbound", 40), listed("SM0", "inbound", 10),
    ]});
    Mock::given(method("GET"))
        .and(path(LIST))
        .and(query_param("To", FROM))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .mount(&server)
        .await;
    let inbox = twilio.inbox(at(30)).await.expect("a list");
    let expected = Inbound {
        message: "SM1".into(),
        from: number(),
        text: "1".to_owned(),
        at: at(40),
    };
    assert_eq!(inbox, [expected]);
}

#[tokio::test]
async fn nobody_can_answer_a_name() {
    let (server, twilio) = from(Sender::Name("RINBAN".to_owned())).await;
    assert_eq!(twilio.inbox(at(0)).await, Ok(Vec::new()));
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn the_balance_is_an_amount_with_its_currency() {
    for (body, expected) in [
        (
            json!({"balance": "-0.25", "currency": "USD"}),
            Ok(Some((-0.25, Some("USD")))),
        ),
        (json!({"balance": "7"}), Ok(Some((7.0, None)))),
        (json!({"balance": "much"}), Ok(None)),
        (json!({}), Err(FaultClass::Provider)),
    ] {
        let (server, twilio) = pair().await;
        Mock::given(path("/2010-04-01/Accounts/AC00/Balance.json"))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
        let found = twilio.balance().await.map_err(|fault| fault.class);
        let expected = expected.map(|balance| {
            balance.map(|(amount, currency)| Balance {
                amount,
                currency: currency.map(str::to_owned),
            })
        });
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_probe_reads_the_account() {
    for (status, expected) in [("active", None), ("suspended", Some(FaultClass::Account))] {
        let (server, twilio) = pair().await;
        Mock::given(path("/2010-04-01/Accounts/AC00.json"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": status})))
            .expect(1)
            .mount(&server)
            .await;
        let class = twilio.probe().await.err().map(|fault| fault.class);
        assert_eq!(class, expected);
    }
}

#[tokio::test]
async fn no_fault_and_no_debug_text_carries_a_secret_a_number_or_what_was_written() {
    let mut texts = Vec::new();
    for (status, code) in [(400, 21211), (400, 99_999), (401, 20003), (500, 20500)] {
        let (server, twilio) = pair().await;
        always(&server, error(status, code)).await;
        let fault = twilio.send(&message()).await.expect_err("a fault");
        texts.push(format!("{fault} {fault:?} {twilio:?} {:?}", message()));
    }
    for text in texts {
        for secret in [TOKEN, TO, FROM, "tok+en", "rinban.example", "ディスク"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
