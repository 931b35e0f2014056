//! The monitors to which rinban writes back: whether each answers and takes our token, and whether Mackerel still sends.

use std::sync::Arc;

use super::{
    core::suspended,
    finding::{Finding, Level},
};
use crate::{
    config::{Config, Monitor},
    monitor::{MonitorError, MonitorKind, mackerel, zabbix},
    provider,
};

const NAME: &str = "monitor";

pub(super) async fn check(config: Arc<Config>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for monitor in &config.monitors {
        let name = monitor.name.as_str();
        match ask(&config, monitor).await {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(refused(name, &error)),
        }
    }
    findings
}

fn refused(name: &str, error: &MonitorError) -> Finding {
    let message = match error {
        MonitorError::Refused { why } => format!("{name}: {why}"),
        MonitorError::Unreachable { why, .. } => {
            format!("{name}: {why}; see whether it runs, and whether this host reaches its `url`")
        }
    };
    Finding::told(NAME, Level::Fail, &message)
}

async fn ask(config: &Config, monitor: &Monitor) -> Result<Vec<Finding>, MonitorError> {
    let name = monitor.name.as_str();
    let client = match provider::client_for(&monitor.url) {
        Ok(client) => client,
        Err(error) => return Ok(vec![Finding::told(NAME, Level::Fail, &error.to_string())]),
    };
    let (url, token) = (monitor.url.clone(), monitor.token.clone());
    match monitor.kind {
        MonitorKind::Zabbix => {
            let zabbix = zabbix::Client::new(url, token, client);
            let version = zabbix.version().await?;
            // Whichever event it is, and whether there is one: asking takes the right that is needed.
            zabbix.events(&["1"]).await?;
            Ok(vec![Finding::ok(
                NAME,
                format!("{name}: Zabbix {version} takes the token"),
            )])
        }
        MonitorKind::Mackerel => {
            let mackerel = mackerel::Client::new(url, token, client);
            let channels = mackerel.channels().await?;
            let suspended: Vec<_> =
                mackerel::suspended(&channels, config.server.public_url.as_str())
                    .into_iter()
                    .map(|channel| suspended(&channel))
                    .collect();
            let takes = Finding::ok(NAME, format!("{name}: Mackerel takes the key"));
            Ok([takes].into_iter().chain(suspended).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_partial_json, method, path},
    };

    use super::*;

    async fn findings(kind: &str, server: &MockServer) -> Vec<Finding> {
        let text = format!(
            "[server]\npublic_url = 'https://oncall.example.com'\n[[providers]]\nname = 'sim'\nkind = 'simulated'\n\
             [members.aya]\nnumber = '+819012345678'\n[groups.web]\nmembers = ['aya']\n\
             [[monitors]]\nname = 'm'\nkind = '{kind}'\nurl = '{}'\ntoken_env = 'PATH'",
            server.uri()
        );
        let config = Config::parse(&text, Path::new("rinban.toml"))
            .unwrap_or_else(|errors| panic!("{errors}"));
        check(Arc::new(config)).await
    }

    #[tokio::test]
    async fn a_zabbix_that_takes_the_token_is_ok_and_one_that_refuses_it_says_what_to_do() {
        let server = MockServer::start().await;
        Mock::given(body_partial_json(json!({ "method": "apiinfo.version" })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "result": "7.0.22" })))
            .mount(&server)
            .await;
        let events = Mock::given(body_partial_json(json!({ "method": "event.get" })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "result": [] })))
            .mount_as_scoped(&server)
            .await;
        assert_eq!(
            findings("zabbix", &server).await,
            [Finding::ok(NAME, "m: Zabbix 7.0.22 takes the token")]
        );
        drop(events);
        let error = json!({ "error": { "code": -32602, "message": "Invalid params.", "data": "Not authorized." } });
        Mock::given(body_partial_json(json!({ "method": "event.get" })))
            .respond_with(ResponseTemplate::new(200).set_body_json(error))
            .mount(&server)
            .await;
        let refused = findings("zabbix", &server).await;
        assert_eq!(refused[0].level, Level::Fail);
        assert!(
            refused[0]
                .remedy
                .as_ref()
                .is_some_and(|remedy| remedy.starts_with("make an API token")),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_channel_of_ours_that_mackerel_has_suspended_is_told() {
        let server = MockServer::start().await;
        let channel = |name: &str, url: &str, at: Option<i64>| {
            json!({
                "id": "1", "name": name, "type": "webhook", "url": url, "suspendedAt": at,
            })
        };
        let channels = json!({ "channels": [
            channel("ours", "https://oncall.example.com/v1/x/y", Some(1)),
            channel("well", "https://oncall.example.com/v1/x/z", None),
            channel("theirs", "https://other.example.com/", Some(1)),
            { "id": "2", "name": "mail", "type": "email" },
        ] });
        Mock::given(method("GET"))
            .and(path("/api/v0/channels"))
            .respond_with(ResponseTemplate::new(200).set_body_json(channels))
            .mount(&server)
            .await;
        let findings = findings("mackerel", &server).await;
        let levels: Vec<_> = findings.iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Ok, Level::Fail], "{findings:?}");
        assert!(findings[1].text.contains("channel ours,"), "{findings:?}");
    }

    #[tokio::test]
    async fn a_monitor_that_is_down_is_told() {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(503))
            .mount(&server)
            .await;
        let findings = findings("mackerel", &server).await;
        assert_eq!(findings[0].level, Level::Fail);
        assert!(findings[0].text.contains("HTTP status 503"), "{findings:?}");
    }
}
