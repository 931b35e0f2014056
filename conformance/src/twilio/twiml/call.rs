//! A call that was answered: documents are fetched and carried out until there is nothing more to do.

use std::{collections::VecDeque, time::Duration};

use super::{
    MOST_DOCUMENTS,
    document::{Dial, Fault, Gather, Sound, Verb},
    reading::{Said, check_recording, understand},
};
use crate::twilio::{
    address::Address,
    webhook::{Form, Method},
    wire::{Reply, WireError},
};

/// A place that is asked what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub address: Address,
    /// How.
    pub method: Method,
}

/// A webhook that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Where, and how.
    pub target: Target,
    /// Parameters besides those that always come.
    pub extra: Form,
    /// What it is sent for.
    pub occasion: Occasion,
    /// How many HTTP redirects have led here.
    pub redirects: u32,
}

/// What a webhook is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The call was answered.
    Answer,
    /// The action of a Gather.
    Keys,
    /// A Redirect, or the action of a Dial.
    Redirect,
    /// Something has failed.
    Fallback,
}

/// A question, as a person hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is said while keys count already.
    pub sounds: Vec<Sound>,
    /// How long a key is waited for behind that.
    pub timeout: Duration,
    /// Whether keys count, not only speech.
    pub takes_keys: bool,
    /// Where an answer will go.
    pub target: Target,
}

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send a webhook; then [`Input::Replied`] or [`Input::Failed`].
    Fetch(Fetch),
    /// Fetch a recording with a plain GET; then [`Input::Replied`] or [`Input::Failed`].
    FetchMedia(Address),
    /// Something is heard, and no key counts; then [`Input::Heard`] or [`Input::HungUp`].
    Hear(Sound),
    /// Something is asked; then [`Input::Pressed`] or [`Input::HungUp`].
    Ask(Question),
    /// Nothing.
    Done(End),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The call begins.
    Start,
    /// A reply came.
    Replied(Reply),
    /// No reply came.
    Failed(WireError),
    /// It was heard to its end.
    Heard,
    /// These keys were pressed; none: silence until the time was over.
    Pressed(String),
    /// The person has put down the receiver.
    HungUp,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By the document's order.
    Hangup,
    /// By the document's order, before it was answered.
    Reject,
    /// There was nothing more to do.
    RanOut,
    /// The person put down the receiver.
    HungUp,
    /// Something failed, and there was no fallback for it.
    Failed(Trouble),
    /// It went through more documents than any sensible call.
    Endless,
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The carrier's error code.
    pub code: u32,
    /// The address that failed, without its fragment.
    pub address: Address,
    /// For people.
    pub text: String,
}

/// What happened in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A document came from here.
    Fetched(Address, Occasion),
    /// Something was heard.
    Heard(Sound),
    /// These digits answered a question.
    Answered(String),
    /// A question was left without an answer.
    Silence,
    /// Numbers were called, for which nobody answers here.
    Dialled(Vec<String>),
    /// A verb was passed over.
    PassedOver(String),
    /// Something failed.
    Trouble(Trouble),
}

/// A call, from its answer to its end.
#[derive(Clone, Debug)]
pub struct Call {
    fallback: Option<Target>,
    /// What is left of the document.
    verbs: VecDeque<Verb>,
    waits_for: Waits,
    documents: u32,
    events: Vec<Event>,
}

#[derive(Clone, Debug)]
enum Waits {
    Start(Target),
    Document(Fetch),
    /// The recordings of a Gather are fetched before the first of them is played.
    Recordings(Gather, VecDeque<Address>),
    Recording(Sound, Address),
    Ear(Sound),
    Answer(Gather),
    Nothing(End),
}

impl Call {
    /// A call that asks `target` what to do, and `fallback` if that fails.
    pub fn new(target: Target, fallback: Option<Target>) -> Self {
        Self {
            fallback,
            verbs: VecDeque::new(),
            waits_for: Waits::Start(target),
            documents: 0,
            events: Vec::new(),
        }
    }

    /// What has happened so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Goes on. An input that does not belong to the last step changes nothing: the step is given out again.
    pub fn next(&mut self, input: Input) -> Step {
        let waits_for = std::mem::replace(&mut self.waits_for, Waits::Nothing(End::RanOut));
        match (waits_for, input) {
            (Waits::Nothing(end), _) => self.end(end),
            (_, Input::HungUp) => self.end(End::HungUp),
            (Waits::Start(target), Input::Start) => {
                self.fetch(target, Form::new(), Occasion::Answer)
            }
            (Waits::Document(fetch), Input::Replied(reply)) => self.replied(fetch, &reply),
            (Waits::Document(fetch), Input::Failed(error)) => {
                self.lost(&fetch.target.address, fetch.occasion, &error)
            }
            (Waits::Recordings(gather, mut left), Input::Replied(reply)) => {
                let address = left.pop_front();
                let address = address.unwrap_or_else(|| gather.action.clone());
                match check_recording(&reply, 13325) {
                    Err(fault) => self.fail(Trouble::at(&address, fault), false),
                    Ok(()) => self.prepare(gather, left),
                }
            }
            (Waits::Recordings(gather, left), Input::Failed(error)) => {
                let address = left.front().unwrap_or(&gather.action).clone();
                self.lost(&address, Occasion::Answer, &error)
            }
            (Waits::Recording(sound, address), Input::Replied(reply)) => {
                match check_recording(&reply, 13420) {
                    Ok(()) => self.hear(sound),
                    Err(fault) => self.fail(Trouble::at(&address, fault), false),
                }
            }
            (Waits::Recording(_, address), Input::Failed(error)) => {
                self.lost(&address, Occasion::Answer, &error)
            }
            (Waits::Ear(_), Input::Heard) => self.go_on(),
            (Waits::Answer(gather), Input::Pressed(keys)) => self.answered(gather, &keys),
            (waits_for, _) => self.again(waits_for),
        }
    }

    fn again(&mut self, waits_for: Waits) -> Step {
        let step = match &waits_for {
            Waits::Start(target) => Step::Fetch(Fetch {
                target: target.clone(),
                extra: Form::new(),
                occasion: Occasion::Answer,
                redirects: 0,
            }),
            Waits::Document(fetch) => Step::Fetch(fetch.clone()),
            Waits::Recordings(gather, left) => {
                Step::FetchMedia(left.front().unwrap_or(&gather.action).clone())
            }
            Waits::Recording(_, address) => Step::FetchMedia(address.clone()),
            Waits::Ear(sound) => Step::Hear(sound.clone()),
            Waits::Answer(gather) => Step::Ask(question(gather)),
            Waits::Nothing(end) => Step::Done(end.clone()),
        };
        self.waits_for = waits_for;
        step
    }

    fn wait(&mut self, waits_for: Waits) -> Step {
        self.again(waits_for)
    }

    fn end(&mut self, end: End) -> Step {
        self.wait(Waits::Nothing(end))
    }

    fn fetch(&mut self, target: Target, extra: Form, occasion: Occasion) -> Step {
        self.documents += 1;
        if self.documents > MOST_DOCUMENTS {
            return self.end(End::Endless);
        }
        self.verbs.clear();
        self.wait(Waits::Document(Fetch {
            target,
            extra,
            occasion,
            redirects: 0,
        }))
    }

    fn replied(&mut self, fetch: Fetch, reply: &Reply) -> Step {
        let address = &fetch.target.address;
        match understand(&fetch, reply) {
            Ok(Said::Document(verbs)) => {
                let came = Event::Fetched(address.clone(), fetch.occasion);
                self.events.push(came);
                self.verbs = verbs.into();
                self.go_on()
            }
            Ok(Said::Elsewhere(next)) => self.wait(Waits::Document(next)),
            Err(fault) => self.fail(
                Trouble::at(address, fault),
                fetch.occasion == Occasion::Fallback,
            ),
        }
    }

    fn lost(&mut self, address: &Address, occasion: Occasion, error: &WireError) -> Step {
        let fault = Fault {
            code: error.code(),
            text: error.to_string(),
        };
        self.fail(Trouble::at(address, fault), occasion == Occasion::Fallback)
    }

    /// A failure goes on at the fallback address, but not one that happens there.
    fn fail(&mut self, trouble: Trouble, is_in_fallback: bool) -> Step {
        self.events.push(Event::Trouble(trouble.clone()));
        match self.fallback.clone().filter(|_| !is_in_fallback) {
            None => self.end(End::Failed(trouble)),
            Some(fallback) => {
                let extra = vec![
                    ("ErrorCode".to_owned(), trouble.code.to_string()),
                    ("ErrorUrl".to_owned(), trouble.address.to_string()),
                ];
                self.fetch(fallback, extra, Occasion::Fallback)
            }
        }
    }

    fn go_on(&mut self) -> Step {
        while let Some(verb) = self.verbs.pop_front() {
            match verb {
                Verb::Sound(Sound::Play { address, times }) => {
                    let sound = Sound::Play {
                        address: address.clone(),
                        times,
                    };
                    return self.wait(Waits::Recording(sound, address));
                }
                Verb::Sound(sound) => return self.hear(sound),
                Verb::Gather(gather) => {
                    let recordings = recordings(&gather);
                    return self.prepare(gather, recordings);
                }
                Verb::Dial(dial) => match self.dial(dial) {
                    Some(step) => return step,
                    None => continue,
                },
                Verb::Redirect(address, method) => {
                    let target = Target { address, method };
                    return self.fetch(target, Form::new(), Occasion::Redirect);
                }
                Verb::Hangup => return self.end(End::Hangup),
                Verb::Reject => return self.end(End::Reject),
                Verb::Other(name) => self.events.push(Event::PassedOver(name)),
            }
        }
        self.end(End::RanOut)
    }

    fn hear(&mut self, sound: Sound) -> Step {
        self.events.push(Event::Heard(sound.clone()));
        self.wait(Waits::Ear(sound))
    }

    fn prepare(&mut self, gather: Gather, left: VecDeque<Address>) -> Step {
        match left.is_empty() {
            true => {
                let heard = gather.sounds.iter().cloned().map(Event::Heard);
                self.events.extend(heard);
                self.wait(Waits::Answer(gather))
            }
            false => self.wait(Waits::Recordings(gather, left)),
        }
    }

    /// Nobody answers the other call.
    fn dial(&mut self, dial: Dial) -> Option<Step> {
        self.events.push(Event::Dialled(dial.numbers));
        let target = Target {
            address: dial.action?,
            method: dial.method,
        };
        let extra = vec![("DialCallStatus".to_owned(), "no-answer".to_owned())];
        Some(self.fetch(target, extra, Occasion::Redirect))
    }

    /// An answer without digits is none, even with the finish key, unless the question wants those too.
    fn answered(&mut self, gather: Gather, keys: &str) -> Step {
        let (digits, finished_on) = match gather.takes_keys {
            true => collect(&gather, keys),
            false => (String::new(), ""),
        };
        if digits.is_empty() {
            self.events.push(Event::Silence);
            if !gather.posts_empty {
                return self.go_on();
            }
        } else {
            self.events.push(Event::Answered(digits.clone()));
        }
        let extra = [
            ("Digits", digits),
            ("FinishedOnKey", finished_on.to_owned()),
            ("msg", "Gather End".to_owned()),
        ];
        let extra = extra.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let target = Target {
            address: gather.action,
            method: gather.method,
        };
        self.fetch(target, extra, Occasion::Keys)
    }
}

/// The digits of an answer, and the key that ended it. What is pressed behind that reaches nobody.
fn collect<'k>(gather: &Gather, keys: &'k str) -> (String, &'k str) {
    let mut digits = String::new();
    for (at, key) in keys.char_indices() {
        if Some(key) == gather.finish_on {
            return (digits, &keys[at..at + key.len_utf8()]);
        }
        digits.push(key);
        if gather
            .most_digits
            .is_some_and(|most| digits.chars().count() >= most)
        {
            break;
        }
    }
    (digits, "")
}

fn question(gather: &Gather) -> Question {
    Question {
        sounds: gather.sounds.clone(),
        timeout: gather.timeout,
        takes_keys: gather.takes_keys,
        target: Target {
            address: gather.action.clone(),
            method: gather.method,
        },
    }
}

fn recordings(gather: &Gather) -> VecDeque<Address> {
    let of = |sound: &Sound| match sound {
        Sound::Play { address, .. } => Some(address.clone()),
        _ => None,
    };
    gather.sounds.iter().filter_map(of).collect()
}

impl Trouble {
    fn at(address: &Address, fault: Fault) -> Self {
        Self {
            code: fault.code,
            address: address.with_fragment(None),
            text: fault.text,
        }
    }
}

#[cfg(test)]
mod tests;
