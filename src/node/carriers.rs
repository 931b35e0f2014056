//! The configured providers as carriers, ready to use.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use secrecy::SecretString;

use super::NodeError;
use crate::{
    config::{
        Config, PaaSoo as PaaSooConfig, ProviderConfig, ProviderKind, Signing,
        Twilio as TwilioConfig, Vonage,
    },
    engine::{Carrier, Carriers},
    escalation::ProviderName,
    provider::{
        self, Messenger, PaaSoo, Provider, Twilio, TwilioSms, VonageSms, VonageVoice,
        twilio::{Abilities, Account, SIGNATURE_HEADER, Sender},
    },
    roster::{Channel, PhoneNumber},
    server::{Dialect, TwilioDialect, VonageDialect},
    simulator::Network,
    voice::{SigningKeys, WebhookSecrets},
};

/// The caller id of the simulated network.
const SIMULATED_FROM: &str = "+815000000000";

/// How each provider speaks to us.
pub(super) type Dialects = HashMap<ProviderName, Dialect>;

/// Every configured provider, and how those that send us something do so.
pub(super) fn carriers(
    config: &Config,
    network: Option<&Network>,
) -> Result<(Carriers, Dialects), NodeError> {
    let mut carriers = Carriers::new();
    let mut dialects = Dialects::new();
    for provider in &config.providers {
        let name = provider.name.clone();
        let carrier = match (&provider.kind, network) {
            (ProviderKind::Twilio(account), _) => {
                dialects.insert(name.clone(), signed(&account.signing));
                twilio(&name, account)?
            }
            (ProviderKind::Simulated, Some(network)) => {
                let account = simulated_account(provider, network);
                dialects.insert(name.clone(), signed(&account.signing));
                twilio(&name, &account)?
            }
            (ProviderKind::Simulated, None) => continue,
            (ProviderKind::Vonage(account), _) => {
                let carrier = vonage(&name, account)?;
                dialects.insert(name.clone(), tokened(account, &carrier));
                carrier
            }
            (ProviderKind::PaaSoo(account), _) => paasoo(&name, account)?,
        };
        tracing::info!(provider = %name, "a provider is ready");
        carriers.insert(name, carrier);
    }
    Ok((carriers, dialects))
}

/// Whose balance is watched, and below what it is low.
pub(super) type Purse = (Arc<dyn Messenger>, f64);

/// The accounts whose balance is watched. One that only calls is asked through its side for messages, which sends none.
pub(super) fn purses(config: &Config, carriers: &Carriers) -> Result<Vec<Purse>, NodeError> {
    let mut purses: Vec<Purse> = Vec::new();
    for provider in &config.providers {
        let Some(low) = provider.low_balance else {
            continue;
        };
        let carrier = carriers.get(&provider.name);
        match (
            carrier.and_then(|carrier| carrier.sms.clone()),
            &provider.kind,
        ) {
            (Some(messenger), _) => purses.push((messenger, low)),
            (None, ProviderKind::Twilio(twilio)) => {
                let sender = twilio.from.clone().map(Sender::Number);
                let config = TwilioConfig {
                    sender,
                    ..twilio.clone()
                };
                let purse = self::twilio(&provider.name, &config)?.sms;
                purses.extend(purse.map(|purse| (purse, low)));
            }
            (None, _) => {}
        }
    }
    Ok(purses)
}

fn signed(signing: &Signing) -> Dialect {
    Dialect::Twilio(TwilioDialect {
        keys: SigningKeys::new(&signing.tokens, &signing.shared),
        header: signing.header.clone(),
    })
}

fn tokened(config: &Vonage, carrier: &Carrier) -> Dialect {
    let application = config.voice.as_ref().map(|voice| voice.id.as_str());
    Dialect::Vonage(VonageDialect {
        secrets: WebhookSecrets::new(config.signature_secret.as_ref(), application),
        inbound_secret: config.inbound_secret.clone(),
        sms: carrier.sms.clone(),
    })
}

fn twilio(name: &ProviderName, config: &TwilioConfig) -> Result<Carrier, NodeError> {
    let client = provider::client_for(&config.account.base_url)?;
    let voice = config.from.clone().map(|from| {
        let api = Twilio::new(name.clone(), config.account.clone(), from, client.clone());
        Arc::new(api.with_abilities(config.abilities)) as Arc<dyn Provider>
    });
    let sms = config.sender.clone().map(|sender| {
        let api = TwilioSms::new(name.clone(), config.account.clone(), sender, client);
        Arc::new(api) as Arc<dyn Messenger>
    });
    Ok(Carrier {
        voice,
        sms,
        connection_overrides: config.connection_overrides.clone(),
    })
}

fn vonage(name: &ProviderName, config: &Vonage) -> Result<Carrier, NodeError> {
    let mut carrier = Carrier {
        voice: None,
        sms: None,
        connection_overrides: String::new(),
    };
    if let Some(application) = config.voice.clone() {
        let client = provider::client_for(&application.base_url)?;
        let api = VonageVoice::new(name.clone(), application, client, Timestamp::now);
        carrier.voice = Some(Arc::new(api));
    }
    if let Some(account) = config.sms.clone() {
        let client = provider::client_for(&account.base_url)?;
        carrier.sms = Some(Arc::new(VonageSms::new(name.clone(), account, client)));
    }
    Ok(carrier)
}

fn paasoo(name: &ProviderName, account: &PaaSooConfig) -> Result<Carrier, NodeError> {
    let client = provider::client_for(&account.base_url)?;
    Ok(Carrier {
        voice: None,
        sms: Some(Arc::new(PaaSoo::new(name.clone(), account.clone(), client))),
        connection_overrides: String::new(),
    })
}

fn simulated_account(provider: &ProviderConfig, network: &Network) -> TwilioConfig {
    let from = PhoneNumber::parse(SIMULATED_FROM).expect("the caller id above is in E.164");
    let auth_token = SecretString::from(network.auth_token().to_owned());
    TwilioConfig {
        account: Account {
            base_url: network.base_url(),
            account_sid: network.account_sid().to_owned(),
            user: network.account_sid().to_owned(),
            auth_token: auth_token.clone(),
        },
        abilities: Abilities::default(),
        from: provider.carries(Channel::Voice).then(|| from.clone()),
        sender: provider
            .carries(Channel::Sms)
            .then_some(Sender::Number(from)),
        signing: Signing {
            header: SIGNATURE_HEADER.to_owned(),
            tokens: vec![auth_token],
            shared: Vec::new(),
        },
        connection_overrides: String::new(),
    }
}
