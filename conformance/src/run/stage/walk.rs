//! Following a call through its documents, with a person who presses keys.

use super::{Delivery, Stage};
use crate::{
    run::{case::Stop, line::Line},
    twilio::{
        Address,
        twiml::{Call, End, Event, Fetch, Input, Occasion, Step, Target},
        wire::Request,
    },
};

/// How many documents one walk goes through. Handlers that ask for ever are left then.
const LONGEST_WALK: usize = 12;

/// A call that was followed.
#[derive(Debug)]
pub struct Walk {
    /// What happened.
    pub events: Vec<Event>,
    /// How it ended.
    pub end: End,
    /// The documents, in order.
    pub documents: Vec<Document>,
    /// Recordings that were fetched.
    pub recordings: Vec<(Address, Delivery)>,
    /// Where the answers of the questions go, in order.
    pub actions: Vec<Target>,
}

/// A reply to one of the carrier's questions.
#[derive(Clone, Debug)]
pub struct Document {
    /// The request and its reply.
    pub delivery: Delivery,
    /// What was asked for.
    pub fetch: Fetch,
}

impl Walk {
    /// The first question's action.
    ///
    /// # Errors
    /// Nothing is asked.
    pub fn action(&self) -> Result<&Target, Stop> {
        self.actions
            .first()
            .ok_or_else(|| Stop::skip("the handler asks for no key"))
    }

    /// The document that the keys led to.
    pub fn after_keys(&self) -> Option<&Document> {
        self.documents
            .iter()
            .find(|document| document.fetch.occasion == Occasion::Keys)
    }

    /// The walk, unless something in it failed.
    ///
    /// # Errors
    /// The first failure.
    pub fn checked(self) -> Result<Self, Stop> {
        let failed = self.events.iter().find_map(|event| match event {
            Event::Trouble(trouble) => Some(trouble),
            _ => None,
        });
        match failed {
            None => Ok(self),
            Some(trouble) => {
                let actual = format!(
                    "error {} at {}: {}",
                    trouble.code, trouble.address, trouble.text
                );
                let at = self.documents.last().map(|document| document.delivery.at);
                let stop = Stop::fail("the call goes on", actual);
                Err(match at {
                    Some(at) => stop.at(at),
                    None => stop,
                })
            }
        }
    }
}

impl Stage<'_> {
    /// Follows a call from its answer. Each question is answered with the next of `answers` (no key: silence); behind the last one the
    /// person hangs up.
    ///
    /// # Errors
    /// Nothing that the handler does: that is part of the walk.
    pub async fn walk(&self, line: &Line, answers: &[&str]) -> Result<Walk, Stop> {
        let call = Call::new(line.voice.clone(), line.fallback.clone());
        self.follow(line, call, answers).await
    }

    async fn follow(&self, line: &Line, mut call: Call, answers: &[&str]) -> Result<Walk, Stop> {
        let mut answers = answers.iter();
        let mut documents = Vec::new();
        let mut recordings = Vec::new();
        let mut actions = Vec::new();
        let mut step = call.next(Input::Start);
        let end = loop {
            step = match step {
                Step::Done(end) => break end,
                _ if documents.len() >= LONGEST_WALK => call.next(Input::HungUp),
                Step::Fetch(fetch) => {
                    let delivery = self.fetch(line, &fetch).await;
                    let input = input(&delivery);
                    documents.push(Document { delivery, fetch });
                    call.next(input)
                }
                Step::FetchMedia(address) => {
                    let delivery = self.fetch_media(&address).await;
                    let input = input(&delivery);
                    recordings.push((address, delivery));
                    call.next(input)
                }
                Step::Hear(_) => call.next(Input::Heard),
                Step::Ask(question) => {
                    actions.push(question.target);
                    match answers.next() {
                        Some(keys) => call.next(Input::Pressed((*keys).to_owned())),
                        None => call.next(Input::HungUp),
                    }
                }
            };
        };
        Ok(Walk {
            events: call.events().to_vec(),
            end,
            documents,
            recordings,
            actions,
        })
    }

    /// Sends what the call asks for.
    pub async fn fetch(&self, line: &Line, fetch: &Fetch) -> Delivery {
        let extra: Vec<_> = fetch
            .extra
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let form = self.parameters(line, "in-progress", &extra);
        let note = match fetch.occasion {
            Occasion::Answer => "the call was answered",
            Occasion::Keys => "keys were pressed",
            Occasion::Redirect => "the document says to go on here",
            Occasion::Fallback => "something failed",
        };
        self.send(note, &self.webhook(&fetch.target, form)).await
    }

    /// Fetches a recording: a plain GET, without parameters and signature.
    pub async fn fetch_media(&self, address: &Address) -> Delivery {
        let request = Request::get(address.clone())
            .with_header("User-Agent", "TwilioProxy/1.1")
            .with_header("Accept", "*/*");
        self.send_plain("a recording is fetched", &request).await
    }
}

fn input(delivery: &Delivery) -> Input {
    match &delivery.exchange.result {
        Ok(reply) => Input::Replied(reply.clone()),
        Err(error) => Input::Failed(error.clone()),
    }
}
