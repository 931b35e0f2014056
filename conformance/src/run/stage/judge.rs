//! What a reply says about a request: whether it was taken, or refused.

use super::{Delivery, Stage};
use crate::{
    run::case::{Stop, Verdict},
    twilio::{
        twiml::{self, Verb},
        wire::{Exchange, Reply},
    },
};

/// How much of a reply is shown.
const SHOWN: usize = 160;

impl Delivery {
    /// The reply to a genuine request, which is a success.
    ///
    /// # Errors
    /// It is anything else.
    pub fn accepted(&self) -> Result<&Reply, Stop> {
        match &self.exchange.result {
            Ok(reply) if (200..300).contains(&reply.status) => Ok(reply),
            _ => {
                let expected = "2xx: the request is genuine";
                Err(Stop::fail(expected, described(&self.exchange)).at(self.at))
            }
        }
    }

    /// The same for a place that the handler need not have.
    ///
    /// # Errors
    /// There is no such place, or the request was refused there.
    pub fn accepted_if_routed(&self) -> Result<&Reply, Stop> {
        match &self.exchange.result {
            Ok(reply) if matches!(reply.status, 404 | 405 | 410 | 501 | 300..=399) => {
                let target = self.exchange.request.address.request_target();
                let method = &self.exchange.request.method;
                Err(Stop::skip(format!(
                    "the handler has no place {method} {target} (it replied {})",
                    reply.status
                )))
            }
            _ => self.accepted(),
        }
    }

    /// The reply is a refusal: a client error, no redirect, no crash, no silence.
    ///
    /// # Errors
    /// It is anything else.
    pub fn refused(&self) -> Verdict {
        match &self.exchange.result {
            // 501: no such method here, whoever asks.
            Ok(reply) if matches!(reply.status, 400..=499 | 501) => Ok(()),
            _ => {
                let expected = "403 (any 4xx will do): the request is not what was signed";
                Err(Stop::fail(expected, described(&self.exchange)).at(self.at))
            }
        }
    }

    /// The verbs of the reply to a genuine request.
    ///
    /// # Errors
    /// It is no success, or no TwiML.
    pub fn verbs(&self) -> Result<Vec<Verb>, Stop> {
        let reply = self.accepted()?;
        if reply.body.is_empty() {
            return Ok(Vec::new());
        }
        twiml::read(&reply.text(), &self.exchange.request.address).map_err(|fault| {
            let actual = format!("error {}: {}", fault.code, fault.text);
            Stop::fail("TwiML that can be carried out", actual).at(self.at)
        })
    }
}

impl Stage<'_> {
    /// Whether a reply says that the alert is taken; none if nobody can tell.
    pub fn says_acknowledged(&self, reply: &Reply) -> Option<bool> {
        let words = self.kit.customs.acknowledged_says.as_ref()?;
        Some(reply.text().contains(words))
    }
}

/// A reply in one line.
pub(crate) fn described(exchange: &Exchange) -> String {
    match &exchange.result {
        Err(error) => format!("no reply: {error} (the carrier's error {})", error.code()),
        Ok(reply) => {
            let status = reply.status;
            match reply
                .header("location")
                .filter(|_| (300..400).contains(&status))
            {
                Some(location) => format!("{status} to {location}"),
                None => format!("{status} {}", excerpt(&reply.text()))
                    .trim_end()
                    .to_owned(),
            }
        }
    }
}

fn excerpt(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let mut text = words.join(" ");
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push_str("...");
    }
    text
}
