//! From a reply to what is written back: the part of messaging TwiML that answering people needs.

use twiml_lint::{Document, Element};
use url::Url;

use super::order::LONGEST_TEXT;
use crate::simulator::{
    fields::{Endpoint, is_number},
    twiml::{Fault, address, method, only_elements},
    webhook::{Reply, Trouble, trouble},
};

/// A message that a reply asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Somebody else than who wrote to us.
    pub(super) to: Option<String>,
    /// Another number than the one they wrote to.
    pub(super) from: Option<String>,
    pub(super) text: String,
    pub(super) status_callback: Option<Endpoint>,
}

/// What a reply asks to be sent; an empty one asks for nothing.
pub(super) fn read(reply: &Reply) -> Result<Vec<Answer>, Trouble> {
    if reply.body.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |(code, text): Fault| trouble(code, &reply.url, &text);
    let text = std::str::from_utf8(&reply.body)
        .map_err(|error| failed((12100, format!("the reply is not UTF-8: {error}"))))?;
    match reply.content_type.as_deref() {
        Some("text/xml" | "application/xml" | "text/html") => {
            document(text, &reply.url).map_err(failed)
        }
        Some("text/plain") => document(text, &reply.url)
            .or_else(|_| Ok(vec![plain(text)?]))
            .map_err(failed),
        kind => Err(failed((
            12300,
            format!(
                "the content type {} is none of TwiML",
                kind.unwrap_or("\"\"")
            ),
        ))),
    }
}

fn plain(text: &str) -> Result<Answer, Fault> {
    Ok(Answer {
        to: None,
        from: None,
        text: checked(text)?,
        status_callback: None,
    })
}

fn document(source: &str, base: &Url) -> Result<Vec<Answer>, Fault> {
    let document = Document::parse(source).map_err(|error| (12100, error.to_string()))?;
    let root = document.root();
    if root.name() != "Response" {
        return Err((
            12102,
            format!("the root is <{}>, not <Response>", root.name()),
        ));
    }
    only_elements(root)?;
    let verbs = root.child_elements();
    verbs.map(|element| verb(element, base)).collect()
}

fn verb(element: Element<'_, '_>, base: &Url) -> Result<Answer, Fault> {
    if element.name() != "Message" {
        return Err((
            14110,
            format!(
                "<{}> is unknown, misplaced, or not carried by the simulated network",
                element.name()
            ),
        ));
    }
    Ok(Answer {
        to: number(element, "to", 14101)?,
        from: number(element, "from", 14102)?,
        text: checked(&body(element)?)?,
        status_callback: status_callback(element, base)?,
    })
}

/// The text of a message, or that of its bodies.
fn body(element: Element<'_, '_>) -> Result<String, Fault> {
    let mut bodies = element.child_elements().peekable();
    if bodies.peek().is_none() {
        return Ok(element.text().into_owned());
    }
    only_elements(element)?;
    bodies
        .map(|part| match part.name() {
            "Body" => Ok(part.text().into_owned()),
            other => Err((
                14110,
                format!(
                    "<{other}> in <Message> is unknown, or not carried by the simulated network"
                ),
            )),
        })
        .collect()
}

fn checked(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err((14103, "a message without a text".to_owned())),
        1..=LONGEST_TEXT => Ok(text.to_owned()),
        long => Err((14103, format!("a message of {long} characters"))),
    }
}

fn number(element: Element<'_, '_>, name: &str, code: u32) -> Result<Option<String>, Fault> {
    match element.value(name) {
        None => Ok(None),
        Some(number) if is_number(number) => Ok(Some(number.to_owned())),
        Some(other) => Err((code, format!("{name}={other:?} is no phone number"))),
    }
}

/// The older name of `statusCallback` is `action`.
fn status_callback(element: Element<'_, '_>, base: &Url) -> Result<Option<Endpoint>, Fault> {
    let Some(text) = element.value("statusCallback").or(element.value("action")) else {
        return Ok(None);
    };
    let url = address(text, Some(base), "Message statusCallback");
    Ok(Some(Endpoint {
        url: url.map_err(|(_, text)| (14105, text))?,
        method: method(element, 14104)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(kind: Option<&str>, body: &str) -> Result<Vec<Answer>, Trouble> {
        read(&Reply {
            url: Url::parse("http://h:1/a/sms?b=c").expect("absolute"),
            status: 200,
            content_type: kind.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn messages_are_read_as_the_carrier_reads_them() {
        let check = |kind: Option<&str>, body: &str, expected: &[&str]| {
            let answers = reply(kind, body).unwrap_or_else(|error| panic!("{body}: {error:?}"));
            let texts: Vec<_> = answers.iter().map(|answer| &*answer.text).collect();
            assert_eq!(texts, expected, "{body}");
        };
        let xml = Some("text/xml");
        check(xml, "<Response/>", &[]);
        check(None, "", &[]);
        check(
            xml,
            "<Response><Message> A &amp; B\n</Message></Response>",
            &["A & B"],
        );
        check(
            Some("application/xml"),
            "<Response><Message><Body>One</Body></Message><Message>Two</Message></Response>",
            &["One", "Two"],
        );
        check(Some("text/plain"), "Thank you. ", &["Thank you."]);
        check(
            Some("text/plain"),
            "<Response><Message>One</Message></Response>",
            &["One"],
        );
    }

    #[test]
    fn a_message_may_name_its_ends_and_where_it_is_reported() {
        let attributes = "to='+819000000002' from='+815000000009' action='status?d=e'";
        let body = format!("<Response><Message {attributes}>x</Message></Response>");
        let answers = reply(Some("text/xml"), &body).expect("valid");
        let answer = &answers[0];
        assert_eq!(answer.to.as_deref(), Some("+819000000002"));
        assert_eq!(answer.from.as_deref(), Some("+815000000009"));
        let callback = answer.status_callback.as_ref().expect("there is one");
        assert_eq!(callback.url.as_str(), "http://h:1/a/status?d=e");
    }

    #[test]
    fn a_wrong_reply_has_the_carriers_code() {
        let check = |kind: Option<&str>, body: &str, code: u32| {
            let refused = reply(kind, body).map_err(|trouble| trouble.code);
            assert_eq!(refused, Err(code), "{body}");
        };
        let inner = |inner: &str, code| {
            check(
                Some("text/xml"),
                &format!("<Response>{inner}</Response>"),
                code,
            );
        };
        check(Some("text/xml"), "<Response>", 12100);
        check(Some("text/html"), "<html/>", 12102);
        check(Some("application/json"), "{}", 12300);
        check(None, "x", 12300);
        check(Some("text/plain"), "  ", 14103);
        inner("Thank you.", 12200);
        inner("<Say>Thank you.</Say>", 14110);
        inner("<Message/>", 14103);
        inner("<Message><Media>http://h/a.png</Media></Message>", 14110);
        inner(&format!("<Message>{}</Message>", "x".repeat(1_601)), 14103);
        inner("<Message to='Bob'>x</Message>", 14101);
        inner("<Message from='Bob'>x</Message>", 14102);
        inner("<Message action='ftp://h/'>x</Message>", 14105);
        inner("<Message action='/s' method='PUT'>x</Message>", 14104);
    }
}
