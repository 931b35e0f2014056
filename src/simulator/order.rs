//! The request that places a call, checked as the carrier checks it.

use std::time::Duration;

use super::{
    fields::{Endpoint, Fields, Refusal},
    record::Status,
};

/// The longest document in the request itself.
const LONGEST_TWIML: usize = 4_000;

/// A call as it was ordered.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) to: String,
    pub(super) from: String,
    pub(super) script: Script,
    pub(super) fallback: Option<Endpoint>,
    pub(super) status_callback: Option<Endpoint>,
    /// The statuses that are reported besides the end.
    pub(super) reported: Vec<Status>,
    pub(super) reports_end: bool,
    pub(super) ring_timeout: Duration,
    pub(super) time_limit: Duration,
}

/// Where the first document comes from.
#[derive(Clone, Debug)]
pub(super) enum Script {
    At(Endpoint),
    Inline(String),
}

impl Order {
    /// Reads the form of a request that places a call.
    pub(super) fn read(form: &[(String, String)]) -> Result<Self, Refusal> {
        let form = Fields(form);
        let to = form.number("To", (21201, "No 'To' number is specified"), 21211)?;
        let from = form.number("From", (21213, "A 'From' phone number is required"), 21212)?;
        // Of both, the address wins.
        let script = match (form.endpoint("Url", "Method", 21205)?, form.get("Twiml")) {
            (Some(endpoint), _) => Script::At(endpoint),
            (None, Some(twiml)) if twiml.chars().count() > LONGEST_TWIML => {
                return Err((
                    32018,
                    "The 'Twiml' is longer than 4,000 characters".to_owned(),
                ));
            }
            (None, Some(twiml)) => Script::Inline(twiml.to_owned()),
            (None, None) => return Err((21205, "Url parameter is required.".to_owned())),
        };
        let (reported, reports_end) = events(&form)?;
        Ok(Self {
            to,
            from,
            script,
            fallback: form.endpoint("FallbackUrl", "FallbackMethod", 21205)?,
            status_callback: form.status_callback()?,
            reported,
            reports_end,
            ring_timeout: form.seconds("Timeout", 60, 600)?,
            time_limit: form.seconds("TimeLimit", 14_400, 86_400)?,
        })
    }

    /// Whether a status is reported.
    pub(super) fn reports(&self, status: Status) -> bool {
        if status.is_over() {
            self.reports_end
        } else {
            self.reported.contains(&status)
        }
    }
}

/// What is reported, and whether the end is.
fn events(fields: &Fields<'_>) -> Result<(Vec<Status>, bool), Refusal> {
    let mut reported = Vec::new();
    let mut end = false;
    for name in fields.all("StatusCallbackEvent") {
        match name {
            "initiated" => reported.push(Status::Initiated),
            "ringing" => reported.push(Status::Ringing),
            "answered" => reported.push(Status::InProgress),
            "completed" => end = true,
            _ => {
                return Err((
                    21626,
                    format!(
                        "StatusCallbackEvent {name} is none of initiated, ringing, answered and completed; repeat the parameter for each event"
                    ),
                ));
            }
        }
    }
    let default = reported.is_empty() && !end;
    Ok((reported, end || default))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::fields::Method;

    fn read(pairs: &str) -> Result<Order, Refusal> {
        let form: Vec<_> = form_urlencoded::parse(pairs.as_bytes())
            .into_owned()
            .collect();
        Order::read(&form)
    }

    const WHO: &str = "To=%2B819000000001&From=%2B815000000000";

    #[test]
    fn a_wrong_order_is_refused_with_the_carriers_code() {
        let check = |pairs: &str, code: u32| {
            let refused = read(pairs).map(|_| ()).map_err(|(code, _)| code);
            assert_eq!(refused, Err(code), "{pairs}");
        };
        check("From=%2B815000000000&Url=http://h/", 21201);
        check("To=&From=%2B815000000000&Url=http://h/", 21201);
        check("To=09000000001&From=%2B815000000000&Url=http://h/", 21211);
        check("To=%2B819000000001&From=x&Url=http://h/", 21212);
        check("To=%2B819000000001&Url=http://h/", 21213);
        check(WHO, 21205);
        for url in [
            "/voice",
            "h/voice",
            "http:h",
            "http:///h",
            "ftp://h/",
            "http://h/a b",
            "//h/",
        ] {
            check(&format!("{WHO}&Url={url}"), 21205);
        }
        check(&format!("{WHO}&Url=http://h/&Method=PUT"), 21209);
        check(&format!("{WHO}&Url=http://h/&Timeout=soon"), 21208);
        check(&format!("{WHO}&Url=http://h/&Timeout=601"), 21208);
        check(
            &format!("{WHO}&Url=http://h/&StatusCallback=http://my_host/"),
            21609,
        );
        check(
            &format!("{WHO}&Url=http://h/&StatusCallbackEvent=ringing,answered"),
            21626,
        );
        check(&format!("{WHO}&Twiml={}", "x".repeat(4001)), 32018);
    }

    #[test]
    fn defaults_are_the_carriers() {
        let order = read(&format!(
            "{WHO}&Url=http://h/v%23rc=3&StatusCallback=http://h/s"
        ))
        .expect("valid");
        assert_eq!(
            (order.ring_timeout.as_secs(), order.time_limit.as_secs()),
            (60, 14_400)
        );
        assert!(order.reports(Status::Completed) && order.reports(Status::Busy));
        assert!(!order.reports(Status::Ringing));
        assert!(matches!(
            order.script,
            Script::At(Endpoint {
                method: Method::Post,
                ..
            })
        ));
    }

    #[test]
    fn events_are_repeated_parameters() {
        let order = read(&format!(
            "{WHO}&Twiml=x&StatusCallbackEvent=initiated&StatusCallbackEvent=answered"
        ))
        .expect("valid");
        assert!(order.reports(Status::Initiated) && order.reports(Status::InProgress));
        assert!(!order.reports(Status::Ringing) && !order.reports(Status::Completed));
    }
}
