//! The request that places a call, checked as the carrier checks it.

use std::time::Duration;

use url::Url;

use super::record::Status;

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

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) method: Method,
}

/// How a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Post,
    Get,
}

/// A refusal: the carrier's code and its message.
pub(super) type Refusal = (u32, String);

impl Method {
    /// Reads the name, in capitals or not.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "POST" => Some(Self::Post),
            "GET" => Some(Self::Get),
            _ => None,
        }
    }
}

impl Order {
    /// Reads the form of a request that places a call.
    pub(super) fn read(form: &[(String, String)]) -> Result<Self, Refusal> {
        let form = Form(form);
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
        let status_callback = form.endpoint("StatusCallback", "StatusCallbackMethod", 21609)?;
        if let Some(host) = status_callback
            .as_ref()
            .and_then(|endpoint| endpoint.url.host_str())
            && host.contains('_')
        {
            return Err((
                21609,
                format!("StatusCallback: the host name {host} holds an underscore"),
            ));
        }
        let (reported, reports_end) = form.events()?;
        Ok(Self {
            to,
            from,
            script,
            fallback: form.endpoint("FallbackUrl", "FallbackMethod", 21205)?,
            status_callback,
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

/// The fields of a request.
struct Form<'a>(&'a [(String, String)]);

impl<'a> Form<'a> {
    fn all(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn get(&self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    fn number(&self, name: &'a str, missing: (u32, &str), invalid: u32) -> Result<String, Refusal> {
        let number = self
            .get(name)
            .ok_or_else(|| (missing.0, missing.1.to_owned()))?;
        let digits = number.strip_prefix('+').unwrap_or("");
        let is_number = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        is_number.then(|| number.to_owned()).ok_or_else(|| {
            (
                invalid,
                format!("The '{name}' number {number} is not a valid phone number."),
            )
        })
    }

    fn endpoint(
        &self,
        name: &'a str,
        method_name: &'a str,
        invalid: u32,
    ) -> Result<Option<Endpoint>, Refusal> {
        let method = match self.get(method_name) {
            None => Method::default(),
            Some(method) => Method::parse(method).ok_or_else(|| {
                (
                    21209,
                    format!("{method_name} {method} is not a valid HTTP method"),
                )
            })?,
        };
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let url = absolute(text)
            .ok_or_else(|| (invalid, format!("{name} is not a valid URL: {text}")))?;
        Ok(Some(Endpoint { url, method }))
    }

    fn seconds(&self, name: &'a str, default: u64, most: u64) -> Result<Duration, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(Duration::from_secs(default));
        };
        let number = text.parse::<u64>().ok().filter(|number| *number <= most);
        number.map(Duration::from_secs).ok_or_else(|| {
            (
                21208,
                format!("{name} {text} is not a number of seconds up to {most}"),
            )
        })
    }

    /// What is reported, and whether the end is.
    fn events(&self) -> Result<(Vec<Status>, bool), Refusal> {
        let mut reported = Vec::new();
        let mut end = false;
        for name in self.all("StatusCallbackEvent") {
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
}

/// An address that the network can reach: absolute, of the web, with a host.
pub(super) fn absolute(text: &str) -> Option<Url> {
    let lower = text.to_ascii_lowercase();
    // The parser mends `http:host` and `http:///host`, which the carrier refuses.
    let rest = lower
        .strip_prefix("http://")
        .or(lower.strip_prefix("https://"))?;
    if rest.starts_with(['/', '\\']) || text.contains(char::is_whitespace) {
        return None;
    }
    Url::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
