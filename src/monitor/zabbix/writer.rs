//! What people did by phone, written back: `event.acknowledge`.

use super::{Client, OWN_MARK, ProblemEvent, action, is_event_id};
use crate::{
    escalation::News,
    monitor::{MonitorError, Style},
    notice::{Delivery, Notice, Sender, Sent},
};

/// Writes each piece of news to its event, once: before it writes it looks whether the message stands there already, since a
/// request whose reply was lost may have been carried out.
#[derive(Debug)]
pub struct Writer {
    client: Client,
    style: Style,
    close: bool,
}

impl Writer {
    /// `close`: whether key 9 closes the problem, where its trigger allows that.
    pub fn new(client: Client, style: Style, close: bool) -> Self {
        Self {
            client,
            style,
            close,
        }
    }

    async fn write(&self, notice: &Notice) -> Result<(), MonitorError> {
        let id = notice.headline.alert.dedup.as_str();
        let Some(action) = self.action(&notice.news).filter(|_| is_event_id(id)) else {
            return Err(MonitorError::refused(
                "the alert names no event of Zabbix; nothing can be written back to it",
            ));
        };
        let event = self.client.events(&[id]).await?.pop().ok_or_else(|| {
            MonitorError::refused(format!(
                "Zabbix shows no event {id}; it is gone, or the token's user lacks read rights on the host"
            ))
        })?;
        let message = self.message(notice);
        if event.says(&message) {
            return Ok(());
        }
        let is_open = !event.is_over();
        if action & action::CLOSE == 0 || !is_open {
            return self
                .client
                .acknowledge(id, action & !action::CLOSE, &message)
                .await;
        }
        match self.client.acknowledge(id, action, &message).await {
            Err(MonitorError::Refused { why }) => {
                tracing::warn!(event = id, why, "Zabbix does not close the problem");
                let message = format!("{message} (Zabbix did not close it: {why})");
                self.client
                    .acknowledge(id, action & !action::CLOSE, &message)
                    .await
            }
            other => other,
        }
    }

    fn action(&self, news: &News) -> Option<u32> {
        Some(match news {
            News::Answered { .. } => action::MESSAGE,
            News::Acknowledged { .. } => action::ACKNOWLEDGE | action::MESSAGE,
            // Nobody holds it any more: people may acknowledge it again, and Zabbix's own steps go on.
            News::Resumed => action::UNACKNOWLEDGE | action::MESSAGE,
            News::Closed { .. } => {
                let close = if self.close { action::CLOSE } else { 0 };
                action::ACKNOWLEDGE | action::MESSAGE | close
            }
            _ => return None,
        })
    }

    fn message(&self, notice: &Notice) -> String {
        let (news, when) = (self.style.news(notice), self.style.when(notice));
        format!("{OWN_MARK} {news} ({when})")
    }
}

impl ProblemEvent {
    /// Whether we wrote this already, perhaps with more after it.
    fn says(&self, message: &str) -> bool {
        self.updates()
            .iter()
            .any(|update| update.message.starts_with(message))
    }
}

impl Sender for Writer {
    fn send<'a>(&'a self, notice: &'a Notice) -> Sent<'a> {
        Box::pin(async move {
            match self.write(notice).await {
                Ok(()) => Delivery::Delivered,
                Err(error) => error.into(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_partial_json, body_string_contains},
    };

    use super::*;
    use crate::{monitor::line::samples::style, notice::samples};

    fn result(value: Value) -> ResponseTemplate {
        ResponseTemplate::new(200)
            .set_body_json(json!({"jsonrpc": "2.0", "result": value, "id": 1}))
    }

    async fn answer(server: &MockServer, method: &str, reply: ResponseTemplate) {
        Mock::given(body_partial_json(json!({ "method": method })))
            .respond_with(reply)
            .mount(server)
            .await;
    }

    /// A Zabbix 7.0 that has event 1234 with these updates.
    async fn zabbix(updates: Value) -> MockServer {
        let server = MockServer::start().await;
        answer(&server, "apiinfo.version", result(json!("7.0.22"))).await;
        let event = json!({"eventid": "1234", "r_eventid": "0", "acknowledged": "0", "suppressed": "0",
                           "acknowledges": updates});
        answer(&server, "event.get", result(json!([event]))).await;
        server
    }

    async fn send(server: &MockServer, news: News) -> Delivery {
        let client = Client::new(
            server.uri(),
            "token".into(),
            crate::notice::samples::client(),
        );
        let writer = Writer::new(client, style(), true);
        writer.send(&samples::notice("zabbix", news)).await
    }

    /// Action and message of each `event.acknowledge`.
    async fn written(server: &MockServer) -> Vec<(u64, String)> {
        let requests = server.received_requests().await.expect("recording is on");
        let bodies = requests
            .iter()
            .map(|request| serde_json::from_slice::<Value>(&request.body).expect("JSON"));
        bodies
            .filter(|body| body["method"] == "event.acknowledge")
            .map(|body| {
                assert_eq!(body["params"]["eventids"], "1234");
                let message = body["params"]["message"].as_str().expect("a text");
                (
                    body["params"]["action"].as_u64().expect("a number"),
                    message.to_owned(),
                )
            })
            .collect()
    }

    const TAKEN: &str = "[rinban] aya has taken it. (2025-11-22 10:09 +09:00)";

    fn taken() -> News {
        News::Acknowledged { by: "aya".into() }
    }

    fn closed() -> News {
        News::Closed { by: "aya".into() }
    }

    #[tokio::test]
    async fn each_piece_of_news_is_an_action_and_a_message_with_our_mark() {
        let member = || "aya".into();
        for (news, action, message) in [
            (
                News::Answered { member: member() },
                4,
                "[rinban] aya's phone was answered. (2025-11-22 10:09 +09:00)",
            ),
            (taken(), 6, TAKEN),
            (
                News::Resumed,
                20,
                "[rinban] Taken, but not closed in time: calling again. (2025-11-22 10:09 +09:00)",
            ),
            (
                closed(),
                7,
                "[rinban] aya closed it by phone. (2025-11-22 10:09 +09:00)",
            ),
        ] {
            let server = zabbix(json!([])).await;
            answer(
                &server,
                "event.acknowledge",
                result(json!({"eventids": ["1234"]})),
            )
            .await;
            assert_eq!(send(&server, news).await, Delivery::Delivered);
            assert_eq!(written(&server).await, [(action, message.to_owned())]);
        }
    }

    #[tokio::test]
    async fn what_stands_there_already_is_not_written_again() {
        let server = zabbix(json!([{"acknowledgeid": "1", "action": "6", "message": TAKEN}])).await;
        assert_eq!(send(&server, taken()).await, Delivery::Delivered);
        assert!(written(&server).await.is_empty());
    }

    #[tokio::test]
    async fn a_problem_that_may_not_be_closed_is_acknowledged_all_the_same() {
        let server = zabbix(json!([])).await;
        let refusal = "Cannot close problem: trigger does not allow manual closing.";
        let error = json!({"code": -32500, "message": "Application error.", "data": refusal});
        Mock::given(body_string_contains("\"action\":7"))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({"jsonrpc": "2.0", "error": error, "id": 1})),
            )
            .mount(&server)
            .await;
        answer(
            &server,
            "event.acknowledge",
            result(json!({"eventids": ["1234"]})),
        )
        .await;
        assert_eq!(send(&server, closed()).await, Delivery::Delivered);
        let written = written(&server).await;
        assert_eq!(
            written
                .iter()
                .map(|(action, _)| *action)
                .collect::<Vec<_>>(),
            [7, 6]
        );
        assert!(written[1].1.starts_with(&written[0].1) && written[1].1.contains(refusal));
    }

    #[tokio::test]
    async fn an_event_that_zabbix_does_not_know_is_given_up_and_a_zabbix_that_is_down_is_not() {
        let server = MockServer::start().await;
        answer(&server, "apiinfo.version", result(json!("7.0.22"))).await;
        answer(&server, "event.get", result(json!([]))).await;
        let given_up = send(&server, taken()).await;
        assert!(
            matches!(&given_up, Delivery::Permanent { why } if why.starts_with("Zabbix shows no event 1234; ")),
            "{given_up:?}"
        );
        let down = MockServer::start().await;
        answer(&down, "apiinfo.version", ResponseTemplate::new(503)).await;
        let later = send(&down, taken()).await;
        assert!(matches!(later, Delivery::Retry { .. }), "{later:?}");
    }
}
