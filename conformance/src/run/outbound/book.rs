//! The calls that were placed, as the carrier's API tells of them.

use serde_json::{Value, json};

use crate::{
    run::line::Line,
    twilio::{Address, CallFacts, Method, twiml::Target},
};

/// All calls, in the order in which they were placed.
#[derive(Debug)]
pub(super) struct Book {
    /// Of the names of calls: a system may remember those of the last run.
    run: u64,
    calls: Vec<Placed>,
}

/// A call that was placed.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// For the case that plays it.
    pub(super) line: Line,
    status: String,
}

/// A reply of the API: status and JSON.
pub(super) type Answer = (u16, Value);

impl Book {
    /// No calls yet; their names will begin with `run`.
    pub(super) fn new(run: u64) -> Self {
        Self {
            run,
            calls: Vec::new(),
        }
    }

    pub(super) fn calls(&self) -> &[Placed] {
        &self.calls
    }

    pub(super) fn end(&mut self, sid: &str, status: &str) {
        if let Some(call) = self.find(sid) {
            status.clone_into(&mut call.status);
        }
    }

    /// Calls that are not over.
    pub(super) fn open(&self) -> Vec<Line> {
        let open = self.calls.iter().filter(|call| !is_over(&call.status));
        open.map(|call| call.line.clone()).collect()
    }

    fn find(&mut self, sid: &str) -> Option<&mut Placed> {
        self.calls
            .iter_mut()
            .find(|call| call.line.facts.call_sid == sid)
    }

    /// Answers a request below `/2010-04-01`.
    pub(super) fn answer(&mut self, method: &str, path: &str, form: &[(String, String)]) -> Answer {
        let segments: Vec<_> = path.trim_matches('/').split('/').collect();
        match (method, segments.as_slice()) {
            ("GET", ["2010-04-01", "Accounts", account]) => {
                let sid = account.trim_end_matches(".json");
                (200, json!({"sid": sid, "status": "active", "type": "Full"}))
            }
            ("POST", ["2010-04-01", "Accounts", account, "Calls.json"]) => {
                self.place(account, form)
            }
            ("GET", ["2010-04-01", "Accounts", _, "Calls.json"]) => {
                let calls: Vec<_> = self.calls.iter().rev().map(described).collect();
                (200, json!({"calls": calls, "next_page_uri": null}))
            }
            (_, ["2010-04-01", "Accounts", _, "Calls", call]) => {
                self.change(call.trim_end_matches(".json"), method, form)
            }
            _ => error(404, 20404, "this stand-in knows accounts and calls only"),
        }
    }

    fn place(&mut self, account: &str, form: &[(String, String)]) -> Answer {
        let line = match line(account, self.next_sid(), form) {
            Ok(line) => line,
            Err(answer) => return answer,
        };
        let placed = Placed {
            line,
            status: "queued".to_owned(),
        };
        let answer = (201, described(&placed));
        self.calls.push(placed);
        answer
    }

    fn next_sid(&self) -> String {
        format!("CA{:016x}{:016x}", self.run, self.calls.len() + 1)
    }

    fn change(&mut self, sid: &str, method: &str, form: &[(String, String)]) -> Answer {
        let Some(call) = self.find(sid) else {
            return error(404, 20404, "there is no such call");
        };
        if let ("POST", Some(status)) = (method, value(form, "Status")) {
            if is_over(&call.status) {
                return error(400, 21220, "the call is over");
            }
            status.clone_into(&mut call.status);
        }
        (200, described(call))
    }
}

fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "canceled" | "no-answer")
}

fn value<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    form.iter()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.as_str())
}

fn line(account: &str, call_sid: String, form: &[(String, String)]) -> Result<Line, Answer> {
    let required = |name: &str, code: u32| {
        let given = value(form, name).filter(|value| !value.is_empty());
        given
            .map(str::to_owned)
            .ok_or_else(|| error(400, code, &format!("{name} is required")))
    };
    let target = |name: &str, method: &str, code: u32| match value(form, name) {
        None => Ok(None),
        Some(text) => match (Address::parse(text), value(form, method).map(Method::parse)) {
            (Ok(address), None) => Ok(Some(Target {
                address,
                method: Method::Post,
            })),
            (Ok(address), Some(Some(method))) => Ok(Some(Target { address, method })),
            (Ok(_), Some(None)) => Err(error(
                400,
                21209,
                &format!("{method} is neither GET nor POST"),
            )),
            (Err(wrong), _) => Err(error(400, code, &format!("{name}: {wrong}"))),
        },
    };
    let voice = target("Url", "Method", 21205)?;
    Ok(Line {
        facts: CallFacts {
            account_sid: account.to_owned(),
            call_sid,
            from: required("From", 21213)?,
            to: required("To", 21201)?,
            direction: "outbound-api",
        },
        voice: voice.ok_or_else(|| {
            error(
                400,
                21205,
                "Url is required: a call with its document inside has no handler to play with",
            )
        })?,
        status: target("StatusCallback", "StatusCallbackMethod", 21626)?,
        fallback: target("FallbackUrl", "FallbackMethod", 21205)?,
    })
}

fn described(call: &Placed) -> Value {
    let facts = &call.line.facts;
    json!({
        "sid": facts.call_sid,
        "account_sid": facts.account_sid,
        "status": call.status,
        "to": facts.to,
        "from": facts.from,
        "direction": facts.direction,
        "api_version": "2010-04-01",
        "date_created": null,
        "uri": format!("/2010-04-01/Accounts/{}/Calls/{}.json", facts.account_sid, facts.call_sid),
    })
}

pub(super) fn error(status: u16, code: u32, message: &str) -> Answer {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    (
        status,
        json!({"code": code, "message": message, "more_info": more, "status": status}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: &str = "/2010-04-01/Accounts/AC1/Calls.json";

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_call_is_placed_looked_up_and_ended() {
        let mut book = Book::new(7);
        let asked = form(&[
            ("To", "+81"),
            ("From", "+82"),
            ("Url", "http://h/voice#rc=2"),
            ("StatusCallback", "http://h/status"),
        ]);
        let (status, call) = book.answer("POST", CALLS, &asked);
        assert_eq!((status, call["status"].as_str()), (201, Some("queued")));
        let line = &book.calls()[0].line;
        assert_eq!(line.voice.address.to_string(), "http://h/voice#rc=2");
        assert!(line.status.is_some() && line.fallback.is_none());
        let one = format!(
            "/2010-04-01/Accounts/AC1/Calls/{}.json",
            call["sid"].as_str().expect("a sid")
        );
        let end = form(&[("Status", "completed")]);
        assert_eq!(book.open().len(), 1);
        assert_eq!(book.answer("POST", &one, &end).1["status"], "completed");
        assert_eq!(book.answer("POST", &one, &end).1["code"], 21220);
        assert_eq!(book.answer("GET", &one, &[]).1["status"], "completed");
        assert!(book.open().is_empty());
        assert_eq!(
            book.answer("GET", CALLS, &[]).1["calls"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
    }

    #[test]
    fn a_call_that_cannot_be_placed_is_refused_with_the_carriers_code() {
        for (asked, code) in [
            (&[("From", "+82"), ("Url", "http://h/")][..], 21201),
            (&[("To", "+81"), ("Url", "http://h/")], 21213),
            (&[("To", "+81"), ("From", "+82")], 21205),
            (&[("To", "+81"), ("From", "+82"), ("Url", "/voice")], 21205),
            (
                &[
                    ("To", "+81"),
                    ("From", "+82"),
                    ("Url", "http://h/"),
                    ("Method", "PUT"),
                ],
                21209,
            ),
        ] {
            let (status, answer) = Book::new(7).answer("POST", CALLS, &form(asked));
            assert_eq!(
                (status, answer["code"].as_u64()),
                (400, Some(code)),
                "{asked:?}"
            );
        }
    }
}
