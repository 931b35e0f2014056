//! What people did by phone, written back: a line in the alert's memo, and, where that is wanted, a close and a mark on
//! graphs.

use super::{Alert, Annotation, Client, Found, MEMO_BYTES};
use crate::{
    escalation::News,
    monitor::{MonitorError, MonitorKind, Style},
    notice::{Delivery, Notice, Sender, Sent},
};

/// Writes each piece of news into the memo of its alert, once: the memo is read first, since others write in it, and a request
/// whose reply was lost may have been carried out.
#[derive(Debug)]
pub struct Writer {
    client: Client,
    style: Style,
    close: bool,
    annotate: Option<String>,
}

impl Writer {
    /// `close`: whether key 9 closes the alert; `annotate`: the service on whose graphs the time until somebody took or
    /// closed it is marked.
    pub fn new(client: Client, style: Style, close: bool, annotate: Option<String>) -> Self {
        Self {
            client,
            style,
            close,
            annotate,
        }
    }

    async fn write(&self, notice: &Notice) -> Result<(), MonitorError> {
        let Some(id) = MonitorKind::Mackerel.own_id(&notice.headline) else {
            return Err(MonitorError::refused(
                "the alert names no alert of Mackerel; nothing can be written back to it",
            ));
        };
        let (alert, is_open) = match self.client.alert(id).await? {
            Found::Open(alert) => (alert, true),
            Found::Closed(alert) => (alert, false),
            Found::Unknown => {
                return Err(MonitorError::refused(format!(
                    "Mackerel knows no alert {id}; take an API key of the organization that it is in"
                )));
            }
        };
        let news = self.style.news(notice);
        let line = format!("{} {news} (rinban)", self.style.when(notice));
        if let Some(memo) = with_line(alert.memo.as_deref().unwrap_or_default(), &line)? {
            self.client.set_memo(id, &memo).await?;
        }
        if self.close && is_open && matches!(notice.news, News::Closed { .. }) {
            self.client.close(id, &format!("{news} (rinban)")).await?;
        }
        self.annotate(notice, &alert, &news).await
    }

    /// One mark for the whole run: it names the run, and a mark with the same title is not made again.
    async fn annotate(
        &self,
        notice: &Notice,
        alert: &Alert,
        news: &str,
    ) -> Result<(), MonitorError> {
        let ends = matches!(notice.news, News::Acknowledged { .. } | News::Closed { .. });
        let (Some(service), Some(run), true) = (&self.annotate, notice.escalation, ends) else {
            return Ok(());
        };
        let to = notice.at.as_second();
        let annotation = Annotation {
            service,
            title: &format!("rinban {run}: {news}"),
            from: alert.opened_at.min(to),
            to,
        };
        self.client.annotate(&annotation).await
    }
}

/// The memo with the line at its end; none if it holds the line already.
fn with_line(memo: &str, line: &str) -> Result<Option<String>, MonitorError> {
    if memo.lines().any(|there| there.trim_end() == line) {
        return Ok(None);
    }
    let memo = memo.trim_end();
    let memo = if memo.is_empty() {
        line.to_owned()
    } else {
        format!("{memo}\n{line}")
    };
    if memo.len() > MEMO_BYTES {
        return Err(MonitorError::refused(format!(
            "the alert's memo would have {} bytes, and takes {MEMO_BYTES}; shorten it",
            memo.len()
        )));
    }
    Ok(Some(memo))
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
    use std::sync::Arc;

    use serde_json::{Value, json};
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{method, path},
    };

    use super::*;
    use crate::{monitor::line::samples::style, notice::samples};

    const TAKEN: &str = "2025-11-22 10:09 +09:00 aya has taken it. (rinban)";

    async fn mackerel(alert: Option<Value>) -> MockServer {
        let server = MockServer::start().await;
        if let Some(alert) = alert {
            Mock::given(method("GET"))
                .and(path("/api/v0/alerts/2a"))
                .respond_with(ResponseTemplate::new(200).set_body_json(alert))
                .mount(&server)
                .await;
        }
        Mock::given(method("GET"))
            .and(path("/api/v0/graph-annotations"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"graphAnnotations": []})))
            .mount(&server)
            .await;
        for verb in ["PUT", "POST"] {
            Mock::given(method(verb))
                .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
                .mount(&server)
                .await;
        }
        server
    }

    async fn send(server: &MockServer, news: News) -> Delivery {
        let client = Client::new(server.uri(), "key".into(), samples::client());
        let writer = Writer::new(client, style(), true, Some("shop".to_owned()));
        let mut notice = samples::notice("mackerel", news);
        let id = ("alert_id".to_owned(), "2a".to_owned());
        Arc::make_mut(&mut notice.headline).variables.extend([id]);
        writer.send(&notice).await
    }

    /// What changes something: the last part of its path and its body.
    async fn written(server: &MockServer) -> Vec<(String, Value)> {
        let requests = server.received_requests().await.expect("recording is on");
        let writes = requests
            .iter()
            .filter(|request| request.method.as_str() != "GET");
        writes
            .map(|request| {
                let last = request.url.path().rsplit('/').next().unwrap_or_default();
                let body = serde_json::from_slice(&request.body).expect("JSON");
                (last.to_owned(), body)
            })
            .collect()
    }

    fn wrote(last: &str, body: Value) -> (String, Value) {
        (last.to_owned(), body)
    }

    fn taken() -> News {
        News::Acknowledged { by: "aya".into() }
    }

    #[tokio::test]
    async fn a_line_is_added_to_the_memo_and_the_run_is_marked_on_the_graphs() {
        let alert = json!({"id": "2a", "memo": "見てください\n", "openedAt": 1_763_770_000});
        let server = mackerel(Some(alert)).await;
        assert_eq!(send(&server, taken()).await, Delivery::Delivered);
        let title = "rinban 42: aya has taken it.";
        let mark =
            json!({"service": "shop", "title": title, "from": 1_763_770_000, "to": 1_763_773_740});
        assert_eq!(
            written(&server).await,
            [
                wrote("2a", json!({"memo": format!("見てください\n{TAKEN}")})),
                wrote("graph-annotations", mark),
            ]
        );
    }

    #[tokio::test]
    async fn a_line_that_is_there_is_not_added_again() {
        let alert = json!({"id": "2a", "memo": format!("{TAKEN}\r\nthanks"), "openedAt": 1});
        let server = mackerel(Some(alert)).await;
        assert_eq!(send(&server, taken()).await, Delivery::Delivered);
        let written = written(&server).await;
        assert!(written.iter().all(|(last, _)| last == "graph-annotations"));
    }

    #[tokio::test]
    async fn key_9_closes_what_is_open() {
        for (closed_at, closes) in [(Value::Null, 1), (json!(9), 0)] {
            let alert = json!({"id": "2a", "openedAt": 1, "closedAt": closed_at});
            let server = mackerel(Some(alert)).await;
            let closed = News::Closed { by: "aya".into() };
            assert_eq!(send(&server, closed).await, Delivery::Delivered);
            let reason = json!({"reason": "aya closed it by phone. (rinban)"});
            let found = written(&server).await;
            let found = found.iter().filter(|(last, _)| last == "close");
            let found: Vec<_> = found.map(|(_, body)| body.clone()).collect();
            assert_eq!(found, vec![reason; closes]);
        }
    }

    #[tokio::test]
    async fn an_alert_that_mackerel_does_not_know_is_given_up() {
        let server = mackerel(None).await;
        let given_up = send(&server, taken()).await;
        assert!(
            matches!(&given_up, Delivery::Permanent { why } if why.starts_with("Mackerel knows no alert 2a; ")),
            "{given_up:?}"
        );
    }

    #[test]
    fn a_full_memo_is_left_as_it_is() {
        let full = "障".repeat(MEMO_BYTES / 3);
        let refused = with_line(&full, TAKEN).expect_err("full");
        assert!(refused.to_string().ends_with("; shorten it"), "{refused}");
        assert_eq!(with_line("", TAKEN), Ok(Some(TAKEN.to_owned())));
    }
}
