//! The carriers: whether each takes our credentials and lets us call from our number, and whether there is a second one.

use std::sync::Arc;

use super::finding::Finding;
use crate::{
    config::{Config, ProviderConfig, ProviderKind},
    escalation::{Fault, FaultClass},
    provider::{
        self, Balance, Twilio,
        twilio::{Account, CallerId, Inspection},
    },
};

const NAME: &str = "provider";

/// A balance below this many units of its currency warns.
const LOW: f64 = 5.0;

pub(super) async fn check(config: Arc<Config>) -> Vec<Finding> {
    let mut findings = vec![tls_roots()];
    let asked = config
        .providers
        .iter()
        .map(|provider| inspect(provider.clone()));
    for asked in asked.map(tokio::spawn).collect::<Vec<_>>() {
        findings.extend(asked.await.unwrap_or_default());
    }
    findings.extend(spare(&config));
    findings
}

/// Without them no server can be verified.
fn tls_roots() -> Finding {
    match provider::client() {
        Ok(_) => Finding::ok("TLS", "root certificates are there"),
        Err(error) => Finding::told("TLS", super::finding::Level::Fail, &error.to_string()),
    }
}

async fn inspect(provider: ProviderConfig) -> Vec<Finding> {
    let name = provider.name.as_str();
    let twilio = match &provider.kind {
        ProviderKind::Twilio(twilio) => twilio.clone(),
        ProviderKind::Simulated => {
            return vec![Finding::ok(
                NAME,
                format!("{name} is simulated: no real phone rings through it"),
            )];
        }
    };
    let client = match provider::client_for(&twilio.base_url) {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::told(
                NAME,
                super::finding::Level::Fail,
                &error.to_string(),
            )];
        }
    };
    let from = twilio.from.to_string();
    let account = Account {
        base_url: twilio.base_url,
        user: twilio.account_sid.clone(),
        account_sid: twilio.account_sid,
        auth_token: twilio.auth_token,
    };
    match Twilio::new(provider.name.clone(), account, twilio.from, client)
        .inspect()
        .await
    {
        Ok(inspection) => judge(name, &from, &inspection),
        Err(fault) => vec![unlearned(name, &fault)],
    }
}

fn judge(name: &str, from: &str, inspection: &Inspection) -> Vec<Finding> {
    let mut findings = vec![match inspection.status.as_str() {
        "active" => Finding::ok(NAME, format!("{name}: the account is active")),
        status => Finding::fail(
            NAME,
            format!("{name}: the account is {status}"),
            "see its console: a suspended account calls nobody",
        ),
    }];
    if inspection.is_trial {
        findings.push(Finding::warn(
            NAME,
            format!("{name}: a trial account calls verified numbers only"),
            "upgrade it, or verify every member's number in its console",
        ));
    }
    findings.extend(
        inspection
            .from
            .as_ref()
            .map(|known| sender(name, from, known)),
    );
    findings.extend(
        inspection
            .balance
            .as_ref()
            .map(|balance| funds(name, balance)),
    );
    findings
}

fn sender(name: &str, from: &str, known: &Result<CallerId, Fault>) -> Finding {
    match known {
        Ok(CallerId::Own) => Finding::ok(NAME, format!("{name}: may call from {from}")),
        Ok(CallerId::Verified) => Finding::ok(
            NAME,
            format!("{name}: may call from {from}, which is verified"),
        ),
        Ok(CallerId::Unable) => Finding::fail(
            NAME,
            format!("{name}: {from} cannot call, only write"),
            "take a number with voice, and put it into `from`",
        ),
        Ok(CallerId::Unknown) => Finding::fail(
            NAME,
            format!("{name}: {from} belongs to another account"),
            "put a number of this account, or one that is verified for it, into `from`",
        ),
        Err(fault) => Finding::warn(
            NAME,
            format!("{name}: does not say whether we may call from {from}: {fault}"),
            "run `rinban test-call --member NAME` to see",
        ),
    }
}

fn funds(name: &str, balance: &Balance) -> Finding {
    let text = format!("{name}: the balance is {balance}");
    if balance.amount <= 0.0 {
        Finding::fail(NAME, text, "pay in: nobody is called without money")
    } else if balance.amount < LOW {
        Finding::warn(
            NAME,
            text,
            "pay in, or let the account be recharged by itself",
        )
    } else {
        Finding::ok(NAME, text)
    }
}

fn unlearned(name: &str, fault: &Fault) -> Finding {
    let remedy = match fault.class {
        FaultClass::Account => {
            "check account_sid, and that auth_token_env or auth_token_file points to that account's token"
        }
        FaultClass::Ours => "check base_url",
        _ => {
            "see whether this host reaches the provider (DNS, firewall, HTTPS_PROXY), and its status page"
        }
    };
    Finding::fail(NAME, format!("{name}: {fault}"), remedy)
}

/// One provider in trouble is nobody's problem if there is a second (P8).
fn spare(config: &Config) -> Option<Finding> {
    let is_real = |provider: &&ProviderConfig| !matches!(provider.kind, ProviderKind::Simulated);
    let mut real = config.providers.iter().filter(is_real);
    let (only, None) = (real.next()?, real.next()) else {
        return None;
    };
    let text = format!(
        "{} is the only provider: while it is in trouble, nobody is called",
        only.name
    );
    Some(Finding::warn(
        NAME,
        text,
        "add a second [[providers]], of another carrier if you can",
    ))
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    fn usd(amount: f64) -> Option<Balance> {
        let currency = Some("USD".to_owned());
        Some(Balance { amount, currency })
    }

    fn check(inspection: &Inspection, expected: &[(Level, &str)]) {
        let findings = judge("twilio", "+…5678", inspection);
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, (level, words)) in findings.iter().zip(expected) {
            assert_eq!(finding.level, *level, "{finding:?}");
            assert!(finding.text.contains(words), "{finding:?}: {words}");
            assert_eq!(finding.remedy.is_some(), *level != Level::Ok, "{finding:?}");
        }
    }

    #[test]
    fn an_account_is_judged_by_what_it_tells() {
        let good = Inspection {
            status: "active".to_owned(),
            is_trial: false,
            from: Some(Ok(CallerId::Own)),
            balance: usd(12.34),
        };
        check(
            &good,
            &[
                (Level::Ok, "is active"),
                (Level::Ok, "may call from +…5678"),
                (Level::Ok, "12.34 USD"),
            ],
        );
        check(
            &Inspection {
                status: "suspended".to_owned(),
                is_trial: true,
                from: Some(Ok(CallerId::Unknown)),
                balance: usd(-0.1),
            },
            &[
                (Level::Fail, "is suspended"),
                (Level::Warn, "trial account"),
                (Level::Fail, "belongs to another account"),
                (Level::Fail, "-0.10 USD"),
            ],
        );
        check(
            &Inspection {
                from: Some(Ok(CallerId::Unable)),
                balance: usd(4.99),
                ..good.clone()
            },
            &[
                (Level::Ok, "active"),
                (Level::Fail, "cannot call, only write"),
                (Level::Warn, "4.99"),
            ],
        );
        let fault = Fault {
            class: FaultClass::Provider,
            code: None,
            text: "HTTP status 503".to_owned(),
        };
        assert!(
            unlearned("twilio", &fault)
                .remedy
                .is_some_and(|remedy| remedy.contains("firewall"))
        );
        check(
            &Inspection {
                from: Some(Err(fault)),
                balance: None,
                ..good
            },
            &[(Level::Ok, "active"), (Level::Warn, "does not say")],
        );
    }
}
