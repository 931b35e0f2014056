//! The carriers: whether each takes our credentials and lets us call from our number, and whether there is a second one.

use std::sync::Arc;

use jiff::Timestamp;

use super::finding::Finding;
use crate::{
    config::{
        Config, PaaSoo as PaaSooConfig, ProviderConfig, ProviderKind, Twilio as TwilioConfig,
        Vonage,
    },
    escalation::{Fault, FaultClass, ProviderName},
    provider::{
        self, Balance, ClientError, Messenger as _, PaaSoo, Provider as _, Twilio, TwilioSms,
        VonageSms, VonageVoice,
        twilio::{CallerId, Inspection},
    },
    roster::Channel,
};

const NAME: &str = "provider";

/// A balance below this many units of its currency warns, unless the configuration has `low_balance`.
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
    let low = provider.low_balance.unwrap_or(LOW);
    let asked = match &provider.kind {
        ProviderKind::Simulated => {
            let text = format!("{name} is simulated: no real phone rings through it");
            Ok(vec![Finding::ok(NAME, text)])
        }
        ProviderKind::Twilio(config) => twilio(&provider.name, config, low).await,
        ProviderKind::Vonage(config) => vonage(&provider.name, config, low).await,
        ProviderKind::PaaSoo(account) => paasoo(&provider.name, account).await,
    };
    asked.unwrap_or_else(|error| {
        let level = super::finding::Level::Fail;
        vec![Finding::told(NAME, level, &error.to_string())]
    })
}

/// What each line of the account says; what both say stands once.
async fn twilio(
    name: &ProviderName,
    config: &TwilioConfig,
    low: f64,
) -> Result<Vec<Finding>, ClientError> {
    let client = provider::client_for(&config.account.base_url)?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut learn = |channel, from: String, inspection: Result<Inspection, Fault>| {
        let learned = match inspection {
            Ok(inspection) => judge(name.as_str(), channel, &from, &inspection, low),
            Err(fault) => vec![unlearned(name.as_str(), &fault, OF_TWILIO)],
        };
        for finding in learned {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    };
    if let Some(from) = config.from.clone() {
        let masked = from.to_string();
        let api = Twilio::new(name.clone(), config.account.clone(), from, client.clone());
        learn(Channel::Voice, masked, api.inspect().await);
    }
    if let Some(sender) = config.sender.clone() {
        let masked = sender.number().map(ToString::to_string).unwrap_or_default();
        let api = TwilioSms::new(name.clone(), config.account.clone(), sender, client);
        learn(Channel::Sms, masked, api.inspect().await);
    }
    Ok(findings)
}

/// Vonage's API does not say which numbers are linked to an application.
async fn vonage(
    name: &ProviderName,
    config: &Vonage,
    low: f64,
) -> Result<Vec<Finding>, ClientError> {
    let mut findings = Vec::new();
    if let Some(application) = config.voice.clone() {
        let client = provider::client_for(&application.base_url)?;
        let api = VonageVoice::new(name.clone(), application, client, Timestamp::now);
        findings.push(match api.probe().await {
            Ok(()) => Finding::ok(NAME, format!("{name}: the application's key is taken")),
            Err(fault) => unlearned(name.as_str(), &fault, OF_APPLICATION),
        });
    }
    if let Some(account) = config.sms.clone() {
        let client = provider::client_for(&account.base_url)?;
        let api = VonageSms::new(name.clone(), account, client);
        findings.push(match api.balance().await {
            Ok(balance) => balance.map_or_else(
                || Finding::ok(NAME, format!("{name}: the API key is taken")),
                |balance| funds(name.as_str(), &balance, low),
            ),
            Err(fault) => unlearned(name.as_str(), &fault, OF_API_KEY),
        });
    }
    Ok(findings)
}

async fn paasoo(name: &ProviderName, account: &PaaSooConfig) -> Result<Vec<Finding>, ClientError> {
    let client = provider::client_for(&account.base_url)?;
    let api = PaaSoo::new(name.clone(), account.clone(), client);
    Ok(vec![match api.probe().await {
        Ok(()) => Finding::ok(NAME, format!("{name}: the API key is taken")),
        Err(fault) => unlearned(name.as_str(), &fault, OF_API_KEY),
    }])
}

fn judge(
    name: &str,
    channel: Channel,
    from: &str,
    inspection: &Inspection,
    low: f64,
) -> Vec<Finding> {
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
            format!("{name}: a trial account reaches verified numbers only"),
            "upgrade it, or verify every member's number in its console",
        ));
    }
    let known = inspection.from.as_ref();
    findings.extend(known.map(|known| sender(name, channel, from, known)));
    let balance = inspection.balance.as_ref();
    findings.extend(balance.map(|balance| funds(name, balance, low)));
    findings
}

fn sender(name: &str, channel: Channel, from: &str, known: &Result<CallerId, Fault>) -> Finding {
    let (does, other, key) = match channel {
        Channel::Voice => ("call", "write", "from"),
        Channel::Sms => ("write", "call", "sms_from"),
    };
    match known {
        Ok(CallerId::Own) => Finding::ok(NAME, format!("{name}: may {does} from {from}")),
        Ok(CallerId::Verified) => Finding::ok(
            NAME,
            format!("{name}: may {does} from {from}, which is verified"),
        ),
        Ok(CallerId::Unable) => Finding::fail(
            NAME,
            format!("{name}: {from} cannot {does}, only {other}"),
            format!("take a number with {channel}, and put it into `{key}`"),
        ),
        Ok(CallerId::Unknown) => Finding::fail(
            NAME,
            format!("{name}: {from} belongs to another account"),
            match channel {
                Channel::Voice => {
                    "put a number of this account, or one that is verified for it, into `from`"
                }
                Channel::Sms => "put a number of this account into `sms_from`",
            },
        ),
        Err(fault) => Finding::warn(
            NAME,
            format!("{name}: does not say whether we may {does} from {from}: {fault}"),
            "run `rinban test-call --member NAME` to see",
        ),
    }
}

fn funds(name: &str, balance: &Balance, low: f64) -> Finding {
    let text = format!("{name}: the balance is {balance}");
    if balance.amount <= 0.0 {
        Finding::fail(NAME, text, "pay in: nobody is called without money")
    } else if balance.amount < low {
        Finding::warn(
            NAME,
            text,
            "pay in, or let the account be recharged by itself",
        )
    } else {
        Finding::ok(NAME, text)
    }
}

/// What to check where the credentials are refused.
const OF_TWILIO: &str =
    "check account_sid, and that auth_token_env or auth_token_file points to that account's token";
const OF_APPLICATION: &str = "check application_id, and that private_key_file or private_key_env points to that application's key";
const OF_API_KEY: &str = "check that the API key and its secret belong together, and that this host's address may use them";

fn unlearned(name: &str, fault: &Fault, of_account: &'static str) -> Finding {
    let remedy = match fault.class {
        FaultClass::Account => of_account,
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
        let findings = judge("twilio", Channel::Voice, "+…5678", inspection, LOW);
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
            unlearned("twilio", &fault, OF_TWILIO)
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
