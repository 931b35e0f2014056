//! What the phone says: message templates, TwiML, webhook signatures, and the absolute URLs that we hand out.
//!
//! * [`PublicUrl`]: the address under which carriers reach us;
//! * [`TokenKey`], [`Links`], [`Place`]: every URL names its place in the call and the attempt (P7);
//! * [`sms`]: what a text message says, and what a reply means;
//! * [`signature`]: every webhook is verified over the raw request target (P6), those of Vonage by [`WebhookSecrets`];
//! * [`Voice`]: a line of the escalation as TwiML, from [`check_template`] templates, read aloud by [`speech`], written
//!   by [`twiml`] or [`ncco`]; as a text message by [`sms`].

mod lines;
mod links;
pub mod ncco;
mod public_url;
pub mod signature;
mod signed_token;
pub mod sms;
pub mod speech;
mod template;
mod token;
pub mod twiml;

pub use links::{CallLinks, Links, Mailbox, PROBE, Place, PlaceKind};
pub use public_url::{PublicUrl, PublicUrlError};
pub use signature::{Form, SignatureError, SignedRequest, SigningKeys};
pub use signed_token::{SignedTokenError, WebhookSecrets};
pub use template::{TemplateFailure, check_template, lint_template};
pub use token::{TokenError, TokenKey};

use std::collections::BTreeMap;

use crate::{
    alert::GroupName,
    escalation::{Counts, Headline, Line},
    roster::{Language, MemberName},
};

use template::{Subject, Templates};
pub use twiml::{Speech, Then};

/// The `message_id` of a test call, which has a built-in message of its own.
pub const TEST_CALL: &str = "test_call";

/// The `message_id` of a heartbeat that is not heard any more, which has a built-in message too.
pub const QUIET: &str = "heartbeat";

/// Message templates by name (a `message_id`, a severity or `default`) and language.
pub type TemplateTexts = BTreeMap<String, BTreeMap<Language, String>>;

/// Says the lines of escalations.
#[derive(Debug)]
pub struct Voice {
    templates: Templates,
}

/// The place in a call at which a line is said.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The alert.
    pub headline: &'a Headline,
    /// How many alerts.
    pub counts: Counts,
    /// Who listens.
    pub member: &'a MemberName,
    /// Whose alert.
    pub group: &'a GroupName,
    /// What the listener speaks.
    pub language: Language,
    /// The place in the call that the URLs of the answer name ([`crate::escalation::Effect::Speak`]).
    pub stage: u16,
    /// Whether key 9 closes.
    pub allow_close: bool,
    /// The URLs of the call.
    pub links: &'a CallLinks,
}

/// What a phone is told in a call that somebody else has placed, in which no key is taken.
#[derive(Clone, Copy, Debug)]
pub enum Announcement<'a> {
    /// The alert.
    Alert(&'a Headline),
    /// It is over.
    Over,
    /// There is an alert of which nothing is known.
    Unknown,
}

/// The answer to a webhook that asks what to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is said. Its URLs hold attempt tokens.
    pub speech: Speech,
    /// Templates that failed; for the log.
    pub warnings: Vec<TemplateFailure>,
}

impl Answer {
    /// As TwiML, of type `text/xml`.
    pub fn twiml(&self) -> String {
        twiml::render(&self.speech)
    }
}

impl Voice {
    /// Says messages of the operator's templates, or the built-in ones.
    pub fn new(templates: TemplateTexts) -> Self {
        Self {
            templates: Templates::new(templates),
        }
    }

    /// What a call says that does not ask us first; with keys only where they reach us. It fits into the request that places the
    /// call (Twilio, Call resource, Twiml: at most 4,000 characters).
    pub fn first(
        &self,
        context: &Context<'_>,
        takes_keys: bool,
    ) -> (Speech, Option<TemplateFailure>) {
        const MOST: usize = 4_000;
        let (message, failure) = self.templates.message(&context.subject(), context.language);
        let mut speech = inline(context, &message, takes_keys);
        for most in [1_500, 700, 300, 100] {
            if twiml::render(&speech).chars().count() <= MOST {
                break;
            }
            let shorter = speech::fit_into(&message, context.language, most, usize::MAX);
            speech = inline(context, &shorter, takes_keys);
        }
        (speech, failure)
    }

    /// What says a line.
    pub fn answer(&self, context: &Context<'_>, line: &Line) -> Answer {
        let language = context.language;
        let line = readable_name(line, language);
        let mut says: Vec<String> = lines::words(&line, template::count(context.counts), language)
            .into_iter()
            .collect();
        let mut warnings = Vec::new();
        if matches!(line, Line::Message | Line::UnknownKey) {
            let (message, failure) = self.templates.message(&context.subject(), language);
            says.push(message);
            warnings.extend(failure);
        }
        let then = if line.asks_for_key() {
            says.push(lines::keys(context.allow_close, language).to_owned());
            Then::Ask {
                action: context.links.keys(context.stage),
                silence: context.links.silence(context.stage),
            }
        } else {
            Then::HangUp
        };
        let speech = Speech {
            language,
            says,
            then,
        };
        Answer { speech, warnings }
    }

    /// What says an announcement and hangs up.
    pub fn announce(&self, announcement: Announcement<'_>, language: Language) -> Answer {
        let (said, failure) = match announcement {
            Announcement::Alert(headline) => {
                let subject = Subject {
                    headline,
                    counts: Counts::default(),
                    member: &MemberName::new(""),
                    group: &headline.alert.group,
                };
                self.templates.message(&subject, language)
            }
            Announcement::Over => {
                let over = lines::words(&Line::Over, 1, language);
                (over.unwrap_or_default(), None)
            }
            Announcement::Unknown => (lines::unknown_alert(language).to_owned(), None),
        };
        let speech = Speech {
            language,
            says: vec![said],
            then: Then::HangUp,
        };
        Answer {
            speech,
            warnings: failure.into_iter().collect(),
        }
    }
}

impl<'a> Context<'a> {
    fn subject(&self) -> Subject<'a> {
        Subject {
            headline: self.headline,
            counts: self.counts,
            member: self.member,
            group: self.group,
        }
    }
}

fn inline(context: &Context<'_>, message: &str, takes_keys: bool) -> Speech {
    let language = context.language;
    let (after, then) = match takes_keys {
        true => (
            lines::keys(context.allow_close, language),
            Then::Ask {
                action: context.links.keys(context.stage),
                silence: context.links.silence(context.stage),
            },
        ),
        // Whoever puts the phone to the ear late hears it too.
        false => (message, Then::HangUp),
    };
    Speech {
        language,
        says: vec![message.to_owned(), after.to_owned()],
        then,
    }
}

/// Names come from people and monitors, and are read aloud like all such text.
fn readable_name(line: &Line, language: Language) -> Line {
    match line {
        Line::TakenBy(who) => Line::TakenBy(speech::readable(who, language)),
        line => line.clone(),
    }
}

#[cfg(test)]
mod tests;
