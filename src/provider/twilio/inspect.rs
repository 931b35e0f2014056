//! What an account says of itself, asked for by `rinban doctor`: nothing is changed and nobody is called.
//!
//! Sources: Twilio's Account, IncomingPhoneNumber, OutgoingCallerId and Balance resources. The caller id of a call must be a
//! number of the account, or one that was verified for it (error 21210).

use serde::Deserialize;

use super::Twilio;
use crate::escalation::Fault;

/// An account, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// A trial account calls verified numbers only.
    pub is_trial: bool,
    /// Whether the account may call from the configured number.
    pub from: Result<CallerId, Fault>,
    /// Amount and currency, such as `12.34 USD`; none if the account does not tell, as subaccounts do not.
    pub balance: Option<String>,
}

/// What the account knows of the configured number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerId {
    /// A number of the account that can call.
    Own,
    /// A number of the account that cannot call, only write.
    WithoutVoice,
    /// Another number, verified.
    Verified,
    /// Nothing: calls from it are refused.
    Unknown,
}

#[derive(Deserialize)]
struct Account {
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
    #[serde(default)]
    voice: bool,
}

#[derive(Deserialize)]
struct Balance {
    balance: String,
    #[serde(default)]
    currency: String,
}

impl Twilio {
    /// Asks the account how it is. An error means that nothing could be learned, since the credentials are refused or nobody
    /// answers.
    pub async fn inspect(&self) -> Result<Inspection, Fault> {
        let account: Account = self.read(&self.account_url(".json")).await?;
        let (from, balance) = tokio::join!(self.caller_id(), self.balance());
        Ok(Inspection {
            status: account.status,
            is_trial: account.kind.eq_ignore_ascii_case("trial"),
            from,
            balance,
        })
    }

    async fn caller_id(&self) -> Result<CallerId, Fault> {
        let from = self.account.from.e164();
        let own: Own = self
            .read(&self.numbers_url("IncomingPhoneNumbers")?)
            .await?;
        let own = own.incoming_phone_numbers.into_iter();
        if let Some(own) = own.into_iter().find(|number| number.phone_number == from) {
            // A service that does not name capabilities is taken to have this one.
            let calls = own
                .capabilities
                .is_none_or(|capabilities| capabilities.voice);
            return Ok(if calls {
                CallerId::Own
            } else {
                CallerId::WithoutVoice
            });
        }
        let verified: Verified = self.read(&self.numbers_url("OutgoingCallerIds")?).await?;
        let mut verified = verified.outgoing_caller_ids.iter();
        Ok(match verified.any(|number| number.phone_number == from) {
            true => CallerId::Verified,
            false => CallerId::Unknown,
        })
    }

    async fn balance(&self) -> Option<String> {
        let balance: Balance = self.read(&self.account_url("/Balance.json")).await.ok()?;
        let Balance { balance, currency } = balance;
        Some(format!("{balance} {currency}").trim().to_owned())
    }

    fn account_url(&self, rest: &str) -> String {
        let base = self.account.base_url.trim_end_matches('/');
        format!(
            "{base}/2010-04-01/Accounts/{}{rest}",
            self.account.account_sid
        )
    }

    fn numbers_url(&self, list: &str) -> Result<String, Fault> {
        let url = self.account_url(&format!("/{list}.json"));
        let mut url = url::Url::parse(&url).map_err(|_| super::not_a_url())?;
        url.query_pairs_mut()
            .append_pair("PhoneNumber", self.account.from.e164());
        Ok(url.into())
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
                CallerId::WithoutVoice,
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
                from: Ok(expected),
                balance: Some("12.34 USD".to_owned()),
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
        assert!(inspection.is_trial && inspection.from.is_err() && inspection.balance.is_none());
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
