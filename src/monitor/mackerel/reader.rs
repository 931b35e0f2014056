//! How alerts stand: one list of all that are open, and a look at each that is not among them.
//!
//! Mackerel knows no acknowledgement, and an alert does not tell whether a downtime mutes it, so that an alert is open or over.

use std::collections::BTreeSet;

use super::{Client, Found};
use crate::monitor::{
    MonitorError, MonitorKind, Open, Standing,
    watch::{self, Read},
};

/// So many alerts that are no longer in the list are looked at in one reading. The others are taken to be open until the next.
const LOOKS: usize = 20;

/// Reads alerts.
#[derive(Debug)]
pub struct Reader {
    client: Client,
}

impl Reader {
    /// A reader.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn look(&self, id: &str) -> Result<Standing, MonitorError> {
        Ok(match self.client.alert(id).await? {
            Found::Open(_) => Standing::Open,
            Found::Unknown => Standing::Unknown,
            Found::Closed(alert) => Standing::Over {
                reason: alert.reason.filter(|reason| !reason.trim().is_empty()),
                stamp: alert.closed_at.unwrap_or_default().to_string(),
            },
        })
    }
}

impl watch::Reader for Reader {
    fn read<'a>(&'a self, alerts: &'a [Open]) -> Read<'a> {
        Box::pin(async move {
            let open = self.client.open_alerts().await?;
            let open: BTreeSet<_> = open.iter().map(|alert| alert.id.as_str()).collect();
            let (mut standings, mut looks) = (Vec::new(), 0);
            for alert in alerts {
                let id = MonitorKind::Mackerel.own_id(&alert.headline);
                standings.push(match id {
                    None => Standing::Unknown,
                    Some(id) if open.contains(id) || looks == LOOKS => Standing::Open,
                    Some(id) => {
                        looks += 1;
                        self.look(id).await?
                    }
                });
            }
            Ok(standings)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{method, path},
    };

    use super::*;
    use crate::{escalation::News, monitor::watch::Reader as _, notice::samples};

    fn alert(id: &str) -> Open {
        let mut headline = samples::notice("mackerel", News::Opened).headline;
        let id = ("alert_id".to_owned(), id.to_owned());
        Arc::make_mut(&mut headline).variables.extend([id]);
        Open {
            headline,
            held: false,
            since: None,
        }
    }

    #[tokio::test]
    async fn one_list_tells_what_is_open_and_only_the_rest_is_looked_at() {
        let server = MockServer::start().await;
        let ok = |body| ResponseTemplate::new(200).set_body_json(body);
        let answer = |at: &str, reply| Mock::given(method("GET")).and(path(at)).respond_with(reply);
        answer(
            "/api/v0/alerts",
            ok(json!({"alerts": [{"id": "2a"}, {"id": "2b"}]})),
        )
        .expect(1)
        .mount(&server)
        .await;
        let closed = json!({"id": "2c", "closedAt": 9, "reason": "done"});
        answer("/api/v0/alerts/2c", ok(closed)).mount(&server).await;
        let client = Client::new(server.uri(), "key".into(), samples::client());
        let alerts = ["2a", "2c", "2d", "../x"].map(alert);
        let standings = Reader::new(client).read(&alerts).await.expect("readable");
        let over = Standing::Over {
            reason: Some("done".to_owned()),
            stamp: "9".to_owned(),
        };
        assert_eq!(
            standings,
            [Standing::Open, over, Standing::Unknown, Standing::Unknown]
        );
        let asked = server.received_requests().await.expect("recording is on");
        assert_eq!(asked.len(), 3);
    }
}
