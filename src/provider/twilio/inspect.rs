//! What an account says of itself, asked for by `rinban doctor`: nothing is changed and nobody is called.
//!
//! Sources: Twilio's Account, IncomingPhoneNumber, OutgoingCallerId and Balance resources. The caller id of a call must be a
//! number of the account, or one that was verified for it (error 21210).

use serde::Deserialize;

use super::{Twilio, TwilioSms, exchange::Api};
use crate::{
    escalation::Fault,
    provider::Balance,
    roster::{Channel, PhoneNumber},
};

/// An account, as far as it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// A trial account reaches verified numbers only.
    pub is_trial: bool,
    /// Whether the account may call, or write, from the configured number; none where the sender is no number.
    pub from: Option<Result<CallerId, Fault>>,
    /// None if the account does not tell, as subaccounts do not.
    pub balance: Option<Balance>,
}

/// What the account knows of the configured number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerId {
    /// A number of the account that can do it.
    Own,
    /// A number of the account that cannot call, or cannot write.
    Unable,
    /// Another number, verified. Only calls may come from such a one.
    Verified,
    /// Nothing: what comes from it is refused.
    Unknown,
}

#[derive(Deserialize)]
struct AccountOf {
    #[serde(default)]
    status: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Own {
    incoming_phone_numbers: Vec<Number>,
}

#[derive(Deserialize)]
struct Verified {
    outgoing_caller_ids: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    #[serde(default)]
    phone_number: String,
    capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
struct Capabilities {
    voice: Option<bool>,
    #[serde(alias = "SMS")]
    sms: Option<bool>,
}

#[derive(Deserialize)]
struct BalanceOf {
    balance: String,
    currency: Option<String>,
}

impl Twilio {
    /// Asks the account how it is. An error means that nothing could be learned, since the credentials are refused or nobody
    /// answers.
    pub async fn inspect(&self) -> Result<Inspection, Fault> {
        self.api.inspect(Some(&self.from), Channel::Voice).await
    }
}

impl TwilioSms {
    /// The same for messages.
    pub async fn inspect(&self) -> Result<Inspection, Fault> {
        self.api.inspect(self.sender.number(), Channel::Sms).await
    }
}

impl Api {
    async fn inspect(
        &self,
        from: Option<&PhoneNumber>,
        channel: Channel,
    ) -> Result<Inspection, Fault> {
        let account: AccountOf = self.read(&self.url(".json")).await?;
        let asked = async {
            match from {
                Some(from) => Some(self.caller_id(from, channel).await),
                None => None,
            }
        };
        let (from, balance) = tokio::join!(asked, self.balance());
        Ok(Inspection {
            status: account.status,
            is_trial: account.kind.eq_ignore_ascii_case("trial"),
            from,
            balance: balance.ok().flatten(),
        })
    }

    async fn caller_id(&self, from: &PhoneNumber, channel: Channel) -> Result<CallerId, Fault> {
        let filter = [("PhoneNumber", from.e164())];
        let url = self.list_url("/IncomingPhoneNumbers.json", &filter)?;
        let own: Own = self.read(&url).await?;
        let mut own = own.incoming_phone_numbers.into_iter();
        if let Some(own) = own.find(|number| number.phone_number == from.e164()) {
            return Ok(match own.is_able(channel) {
                true => CallerId::Own,
                false => CallerId::Unable,
            });
        }
        if channel == Channel::Sms {
            return Ok(CallerId::Unknown);
        }
        let url = self.list_url("/OutgoingCallerIds.json", &filter)?;
        let verified: Verified = self.read(&url).await?;
        let mut verified = verified.outgoing_caller_ids.iter();
        Ok(
            match verified.any(|number| number.phone_number == from.e164()) {
                true => CallerId::Verified,
                false => CallerId::Unknown,
            },
        )
    }

    /// What is left; none where the reply names no amount (Balance resource: a text such as `12.34`).
    pub(super) async fn balance(&self) -> Result<Option<Balance>, Fault> {
        let found: BalanceOf = self.read(&self.url("/Balance.json")).await?;
        let amount: Option<f64> = found.balance.trim().parse().ok();
        let amount = amount.filter(|amount| amount.is_finite());
        Ok(amount.map(|amount| Balance {
            amount,
            currency: found.currency,
        }))
    }
}

impl Number {
    /// A service that does not name capabilities is taken to have this one.
    fn is_able(&self, channel: Channel) -> bool {
        let able = self
            .capabilities
            .as_ref()
            .and_then(|capabilities| match channel {
                Channel::Voice => capabilities.voice,
                Channel::Sms => capabilities.sms,
            });
        able.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{basic_auth, method, path, query_param},
    };

    use super::{
        super::quartet::{FROM, TOKEN, always, error, pair},
        *,
    };
    use crate::escalation::FaultClass;

    const ACCOUNT: &str = "/2010-04-01/Accounts/AC00";

    async fn answer(server: &MockServer, rest: &str, body: Value) {
        Mock::given(method("GET"))
            .and(path(format!("{ACCOUNT}{rest}")))
            .and(basic_auth("AC00", TOKEN))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(server)
            .await;
    }

    async fn numbers(server: &MockServer, list: &str, key: &str, numbers: Value) {
        Mock::given(method("GET"))
            .and(path(format!("{ACCOUNT}/{list}.json")))
            .and(query_param("PhoneNumber", FROM))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ key: numbers })))
            .mount(server)
            .await;
    }

    #[tokio::test]
    async fn an_account_tells_whether_it_may_call_from_our_number() {
        let own = |voice: bool| json!([{ "phone_number": FROM, "capabilities": { "voice": voice, "SMS": true } }]);
        for (incoming, verified, expected) in [
            (own(true), json!([]), CallerId::Own),
            (
                own(false),
                json!([{ "phone_number": FROM }]),
                CallerId::Unable,
            ),
            (json!([{ "phone_number": FROM }]), json!([]), CallerId::Own),
            (
                json!([]),
                json!([{ "phone_number": FROM }]),
                CallerId::Verified,
            ),
            // A server that ignores the filter must not mislead us.
            (
                json!([{ "phone_number": "+10" }]),
                json!([{ "phone_number": "+10" }]),
                CallerId::Unknown,
            ),
        ] {
            let (server, twilio) = pair().await;
            answer(
                &server,
                ".json",
                json!({ "status": "active", "type": "Full" }),
            )
            .await;
            answer(
                &server,
                "/Balance.json",
                json!({ "balance": "12.34", "currency": "USD" }),
            )
            .await;
            numbers(
                &server,
                "IncomingPhoneNumbers",
                "incoming_phone_numbers",
                incoming,
            )
            .await;
            numbers(
                &server,
                "OutgoingCallerIds",
                "outgoing_caller_ids",
                verified,
            )
            .await;
            let inspection = Inspection {
                status: "active".to_owned(),
                is_trial: false,
                from: Some(Ok(expected)),
                balance: Some(Balance {
                    amount: 12.34,
                    currency: Some("USD".to_owned()),
                }),
            };
            assert_eq!(twilio.inspect().await, Ok(inspection));
        }
    }

    #[tokio::test]
    async fn what_an_account_does_not_tell_is_no_failure_of_the_rest() {
        let (server, twilio) = pair().await;
        answer(
            &server,
            ".json",
            json!({ "status": "suspended", "type": "Trial" }),
        )
        .await;
        let inspection = twilio.inspect().await.expect("an account");
        assert!(inspection.is_trial && inspection.balance.is_none());
        assert!(matches!(inspection.from, Some(Err(_))), "{inspection:?}");
        assert_eq!(inspection.status, "suspended");
    }

    #[tokio::test]
    async fn credentials_that_are_refused_and_a_service_that_is_down_are_told_apart() {
        for (reply, class) in [
            (error(401, 20003), FaultClass::Account),
            (error(500, 20500), FaultClass::Provider),
            (
                ResponseTemplate::new(200).set_body_string("<html>"),
                FaultClass::Provider,
            ),
        ] {
            let (server, twilio) = pair().await;
            always(&server, reply).await;
            let fault = twilio.inspect().await.expect_err("nothing is learned");
            assert_eq!(fault.class, class, "{fault:?}");
        }
    }
}
