//! `twiml/*`: replies are TwiML that the carrier can carry out, in time.

use std::time::Duration;

use twiml_lint::{Level, Linter, Settings};

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop, Verdict},
        stage::{Document, Stage, Walk},
    },
    twilio::{
        Scheme,
        twiml::{LONGEST_DOCUMENT, read},
        wire::Reply,
    },
};

const VOICE: &str = "Twilio, TwiML for Programmable Voice";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "twiml/well-formed",
        requirement: "Every reply of a call is well-formed, and its root is Response.",
        why: "One reply that is not ends the call in the middle with the carrier's apology (12100).",
        source: VOICE,
        grade: Grade::Must,
        play: Play::Scene(well_formed),
    },
    Case {
        id: "twiml/content-type",
        requirement: "Every reply has a content type that the carrier understands.",
        why: "Without one, or with that of JSON, the carrier reports a failure (12300), and the call is over.",
        source: VOICE,
        grade: Grade::Must,
        play: Play::Scene(content_type),
    },
    Case {
        id: "twiml/xml-content-type",
        requirement: "Every reply says that it is XML.",
        why: "text/html is taken too, and so is every error page; as text/plain, whatever is not well-formed is read aloud, brackets and all.",
        source: VOICE,
        grade: Grade::Should,
        play: Play::Scene(xml_content_type),
    },
    Case {
        id: "twiml/absolute",
        requirement: "Addresses in Play and Redirect are absolute.",
        why: "Relative ones have been resolved against the wrong host, for one call in thousands (11100).",
        source: "Twilio, error 11100",
        grade: Grade::Must,
        play: Play::Scene(absolute),
    },
    Case {
        id: "twiml/lint",
        requirement: "The linter for TwiML finds no error in any reply.",
        why: "What it calls an error ends calls, or is not heard.",
        source: "twiml-lint --explain",
        grade: Grade::Must,
        play: Play::Scene(lint),
    },
    Case {
        id: "twiml/lint-warnings",
        requirement: "The linter for TwiML finds nothing to warn of in any reply.",
        why: "What it warns of fails late, or rarely.",
        source: "twiml-lint --explain",
        grade: Grade::Should,
        play: Play::Scene(lint_warnings),
    },
    Case {
        id: "twiml/size",
        requirement: "No reply is longer than 64 kB.",
        why: "The carrier reads no further (11750). An error page in the place of a reply is often longer.",
        source: "Twilio, error 11750",
        grade: Grade::Must,
        play: Play::Scene(size),
    },
    Case {
        id: "twiml/time",
        requirement: "Every reply comes in time: within 15 s, or what --timeout says.",
        why: "The carrier waits no longer (11205), and whoever waits on the phone hears silence until then.",
        source: "Twilio, Connection overrides",
        grade: Grade::Must,
        play: Play::Scene(time),
    },
    Case {
        id: "twiml/quick",
        requirement: "Every reply comes within a fifth of that time.",
        why: "People hang up on a silent phone, and a slow reply becomes none under load.",
        source: "three seconds of silence on the phone",
        grade: Grade::Should,
        play: Play::Scene(quick),
    },
    Case {
        id: "twiml/no-secrets",
        requirement: "No reply holds the auth token.",
        why: "Debug pages and dumped environments show it to whoever may see the carrier's logs.",
        source: "secrets do not leave the house",
        grade: Grade::Must,
        play: Play::Scene(no_secrets),
    },
];

/// Three calls: one that says nothing, one that presses the key that takes the alert, and one that presses a wrong one.
async fn calls(stage: &Stage<'_>) -> Result<Vec<Walk>, Stop> {
    let customs = &stage.kit.customs;
    let mut walks = Vec::new();
    for answers in [
        ["", ""],
        [&customs.acknowledge_key, ""],
        [&customs.wrong_key, ""],
    ] {
        let line = stage.line().await?;
        walks.push(stage.walk(&line, &answers).await?);
    }
    Ok(walks)
}

/// Looks at every document of these calls that came at all.
async fn each(stage: &Stage<'_>, check: impl Fn(&Document, &Reply) -> Verdict) -> Verdict {
    for walk in calls(stage).await? {
        for document in &walk.documents {
            let reply = match &document.delivery.exchange.result {
                Ok(reply) if (300..400).contains(&reply.status) => continue,
                _ => document.delivery.accepted()?,
            };
            check(document, reply).map_err(|stop| stop.at(document.delivery.at))?;
        }
    }
    Ok(())
}

fn well_formed<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |document, reply| {
        let is_xml = matches!(
            reply.content_type().as_deref(),
            Some("text/xml" | "application/xml" | "text/html") | None
        );
        if reply.status == 204 || !is_xml {
            return Ok(());
        }
        match read(&reply.text(), &document.fetch.target.address) {
            Ok(_) => Ok(()),
            Err(fault) => Err(Stop::fail(
                "a document that the carrier can carry out",
                format!("error {}: {}", fault.code, fault.text),
            )),
        }
    }))
}

fn content_type<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(has_kind(
        stage,
        &["text/xml", "application/xml", "text/html", "text/plain"],
    ))
}

fn xml_content_type<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(has_kind(stage, &["text/xml", "application/xml"]))
}

/// Recordings are documents too, and 204 is none.
async fn has_kind(stage: &Stage<'_>, kinds: &[&str]) -> Verdict {
    each(stage, |_, reply| match reply.content_type().as_deref() {
        _ if reply.status == 204 => Ok(()),
        Some(kind) if kinds.contains(&kind) || kind.starts_with("audio/") => Ok(()),
        kind => {
            let actual = format!(
                "{} with content type {}",
                reply.status,
                kind.unwrap_or("none")
            );
            Err(Stop::fail(
                format!("content type {}", kinds.join(" or ")),
                actual,
            ))
        }
    })
    .await
}

fn absolute<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |_, reply| {
        let Ok(document) =
            twiml_lint::Document::parse(std::str::from_utf8(&reply.body).unwrap_or_default())
        else {
            return Ok(());
        };
        for element in document.elements() {
            let text = element.text();
            let is_address = match element.name() {
                "Redirect" => true,
                "Play" => element.attribute("digits").is_none(),
                _ => false,
            };
            let is_absolute =
                text.trim().starts_with("http://") || text.trim().starts_with("https://");
            if is_address && !is_absolute {
                let actual = format!("<{}>{}</{0}>", element.name(), text.trim());
                return Err(Stop::fail("an address that begins with https://", actual));
            }
        }
        Ok(())
    }))
}

fn lint<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |document, reply| {
        findings(document, reply, Level::Error)
    }))
}

fn lint_warnings<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |document, reply| {
        findings(document, reply, Level::Warning)
    }))
}

/// What the linter finds of this level. A handler that is asked over plain http is on somebody's desk.
fn findings(document: &Document, reply: &Reply, level: Level) -> Verdict {
    let address = &document.fetch.target.address;
    let mut settings = Settings::default();
    if address.scheme() == Scheme::Http {
        settings.ignore.push("plain-http-url".to_owned());
    }
    let Ok(linter) = Linter::new(settings) else {
        return Err(Stop::skip(
            "the linter does not know its own rule plain-http-url",
        ));
    };
    let found = linter.check(Some("reply.xml"), &reply.text());
    let found: Vec<_> = found
        .iter()
        .filter(|finding| finding.level == level)
        .map(|finding| {
            format!(
                "{} {}: {}",
                finding.rule.code, finding.rule.name, finding.message
            )
        })
        .collect();
    match found.is_empty() {
        true => Ok(()),
        false => Err(Stop::fail(
            "nothing for the linter to find",
            found.join("; "),
        )),
    }
}

fn size<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |_, reply| match reply.body.len() {
        0..=LONGEST_DOCUMENT => Ok(()),
        length => Err(Stop::fail(
            format!("at most {LONGEST_DOCUMENT} bytes"),
            format!("{length} bytes"),
        )),
    }))
}

fn time<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(within(stage, stage.kit.patience))
}

fn quick<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(within(stage, stage.kit.patience / 5))
}

async fn within(stage: &Stage<'_>, limit: Duration) -> Verdict {
    each(stage, |document, _| {
        let took = document.delivery.exchange.times.done;
        match took <= limit {
            true => Ok(()),
            false => Err(Stop::fail(
                format!("a reply within {limit:?}"),
                format!("it took {took:?}"),
            )),
        }
    })
    .await
}

fn no_secrets<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(each(stage, |document, _| {
        let token = stage.keys().right;
        let received = &document.delivery.exchange.received;
        let holds = received
            .windows(token.len().max(1))
            .any(|bytes| bytes == token.as_bytes());
        match holds {
            false => Ok(()),
            true => Err(Stop::fail(
                "a reply without the auth token",
                "the auth token stands in it (it is blotted out here)",
            )),
        }
    }))
}
