//! An answered call: the machine of TwiML says what to do, and the person at the phone does what they do.

mod person;

use std::{collections::HashSet, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    book::Touch,
    courier::idempotency_token,
    faults::{Kind, Place},
    journal::{Sent, What},
    line::Line,
    order::Script,
    people::Step as Wish,
};
use crate::twilio::{
    Address, Method,
    twiml::{Call, End, Fetch, Input, Occasion, Question, Sound, Step, Target, speaking_time},
    wire::{Reply, WireError},
};
use person::Person;

/// The address of a document that came with the request. A relative address in it leads nowhere, as it should.
const INLINE: &str = "http://inline.invalid";

/// Recordings are taken for 8 kHz with 16 bits.
const MEDIA_BYTES_PER_SEC: u64 = 16_000;

/// A conversation.
pub(super) struct Talk<'l> {
    line: &'l mut Line,
    person: Person,
    answered_by: Option<&'static str>,
    /// Recordings whose address was relative in the document.
    relative: HashSet<Address>,
    /// How long the recording is that was fetched last.
    recorded: Duration,
    /// When the call has to be over. What HTTP takes is real time, and does not count.
    limit: Instant,
}

impl<'l> Talk<'l> {
    pub(super) fn new(
        line: &'l mut Line,
        steps: Vec<Wish>,
        answered_by: Option<&'static str>,
        limit: Duration,
    ) -> Self {
        let limit = Instant::now() + line.stand.clock.real(limit);
        let typed = std::mem::take(&mut line.typed);
        Self {
            person: Person::new(steps, typed),
            line,
            answered_by,
            relative: HashSet::new(),
            recorded: Duration::ZERO,
            limit,
        }
    }

    /// Talks until there is nothing more to do. Led elsewhere, it begins anew there.
    pub(super) async fn run(mut self) {
        let mut script = self.line.order.script.clone();
        while let Some(elsewhere) = self.follow(script).await {
            script = elsewhere;
        }
    }

    /// Follows a script to its end, or until the account leads the call elsewhere. Lengths are sums and products of what a
    /// document says, which may be anything: they saturate.
    async fn follow(&mut self, script: Script) -> Option<Script> {
        let fallback = self.line.order.fallback.clone();
        let (target, mut inline) = match script {
            Script::At(target) => (target, None),
            Script::Inline(twiml) => (nowhere(), Some(twiml)),
        };
        let mut call = Call::new(target, fallback);
        let mut input = Input::Start;
        loop {
            let (before, limit) = (Instant::now(), self.limit);
            input = match call.next(input) {
                Step::Fetch(fetch) => match inline.take() {
                    Some(twiml) => Input::Replied(document(twiml)),
                    None => self.fetch(fetch).await,
                },
                Step::FetchMedia(address) => self.media(&address).await,
                Step::Hear(sound) => in_time(limit, self.hear(&sound)).await,
                Step::Ask(question) => in_time(limit, self.ask(&question)).await,
                Step::Done(end) => {
                    self.done(end);
                    return None;
                }
            };
            if matches!(input, Input::Replied(_) | Input::Failed(_)) {
                self.limit += before.elapsed();
            }
            if self.person.led.is_some() {
                return self.person.led.take();
            }
        }
    }

    async fn fetch(&mut self, fetch: Fetch) -> Input {
        let mut form = self.line.facts.parameters("in-progress");
        if let Some(who) = self.answered_by {
            form.push(("AnsweredBy".to_owned(), who.to_owned()));
        }
        form.extend(fetch.extra.iter().cloned());
        let fault = match fetch.occasion {
            // Whoever asks for the fallback has had the fault already.
            Occasion::Fallback => None,
            _ => self.line.fault(Place::Webhook, ""),
        };
        let kind = fault.map(|fault| fault.kind);
        let target = &fetch.target;
        let token = idempotency_token();
        let courier = &self.line.stand.courier;
        let mut result = match kind {
            Some(Kind::LoseWebhook) => Err(WireError::BrokeOff("it never got there".to_owned())),
            _ => courier.deliver(target, form.clone(), &token).await,
        };
        if kind == Some(Kind::RepeatWebhook) {
            self.note_webhook(target, &form, &result, None);
            result = courier.deliver(target, form.clone(), &token).await;
        }
        self.note_webhook(target, &form, &result, kind);
        if let Ok(reply) = &result {
            self.relative
                .extend(relative_recordings(&reply.text(), &target.address));
        }
        result.map_or_else(Input::Failed, Input::Replied)
    }

    fn note_webhook(
        &self,
        target: &Target,
        form: &[(String, String)],
        result: &Result<Reply, WireError>,
        fault: Option<Kind>,
    ) {
        let sent = sent(target, form.iter().cloned().collect(), result);
        let sid = Some(self.line.facts.call_sid.as_str());
        let journal = &self.line.stand.journal;
        journal.write(sid, What::Webhook(sent), fault);
    }

    async fn media(&mut self, address: &Address) -> Input {
        let fault = match self.relative.contains(address) {
            true => self.line.fault(Place::Media, ""),
            false => None,
        };
        let own = || Address::parse(&format!("http://{}", self.line.stand.address)).ok();
        let address = match fault.and_then(|_| own()) {
            Some(own) => address.at(&own),
            None => address.clone(),
        };
        let result = self.line.stand.courier.recording(&address).await;
        if let Ok(reply) = &result {
            self.recorded = playing_time(reply.body.len());
        }
        let target = Target {
            address,
            method: Method::Get,
        };
        let media = What::Media(sent(&target, Default::default(), &result));
        let sid = Some(self.line.facts.call_sid.as_str());
        let kind = fault.map(|fault| fault.kind);
        self.line.stand.journal.write(sid, media, kind);
        result.map_or_else(Input::Failed, Input::Replied)
    }

    async fn hear(&mut self, sound: &Sound) -> Input {
        self.note_sound(sound);
        if self.person.hangs_up(true) {
            return self.put_down().await;
        }
        let length = self.length(sound);
        if self.person.listen(self.line, length).await || self.person.hangs_up(false) {
            return self.put_down().await;
        }
        Input::Heard
    }

    async fn ask(&mut self, question: &Question) -> Input {
        for sound in &question.sounds {
            self.note_sound(sound);
        }
        let lengths = question.sounds.iter().map(|sound| self.length(sound));
        let said = lengths.fold(Duration::ZERO, Duration::saturating_add);
        let keys = self.person.answer(self.line, said, question.timeout).await;
        match keys {
            None => self.put_down().await,
            Some(keys) => {
                self.pressed(&keys);
                Input::Pressed(keys)
            }
        }
    }

    fn pressed(&self, keys: &str) {
        if keys.is_empty() {
            return;
        }
        if let Some(entry) = self.line.stand.book().get_mut(&self.line.facts.call_sid) {
            entry.record.pressed += keys;
        }
        let keys = keys.to_owned();
        self.line.note(What::Pressed { keys });
    }

    async fn put_down(&mut self) -> Input {
        self.line.sleep(person::KEY_PRESS).await;
        self.line.note(What::HungUp);
        Input::HungUp
    }

    fn note_sound(&self, sound: &Sound) {
        let text = match sound {
            Sound::Say { text, .. } => text.clone(),
            Sound::Play { address, .. } => address.to_string(),
            Sound::Tones(_) | Sound::Pause(_) => return,
        };
        if let Some(entry) = self.line.stand.book().get_mut(&self.line.facts.call_sid) {
            entry.record.heard.push(text.clone());
        }
        self.line.note(What::Said { text });
    }

    fn length(&self, sound: &Sound) -> Duration {
        match sound {
            Sound::Say { text, times, .. } => speaking_time(text).saturating_mul(*times),
            Sound::Play { times, .. } => self.recorded.saturating_mul(*times),
            Sound::Tones(keys) => {
                person::KEY_PRESS.saturating_mul(u32::try_from(keys.len()).unwrap_or(1))
            }
            Sound::Pause(length) => *length,
        }
    }

    fn done(&self, end: End) {
        let (code, text) = match end {
            End::Failed(trouble) => (trouble.code, trouble.text),
            End::Endless => (11200, "the call went through too many documents".to_owned()),
            _ => return,
        };
        self.line.note(What::Trouble { code, text });
    }
}

/// Cut short when the call has to be over.
async fn in_time(limit: Instant, work: impl Future<Output = Input>) -> Input {
    timeout_at(limit, work).await.unwrap_or(Input::HungUp)
}

/// Where a document that came with the request would have come from.
fn nowhere() -> Target {
    Target {
        address: Address::parse(INLINE).expect("the constant is an address"),
        method: Method::default(),
    }
}

/// A document that came with the request, as if it had been fetched.
fn document(twiml: String) -> Reply {
    Reply {
        status: 200,
        headers: vec![("Content-Type".to_owned(), "text/xml".to_owned())],
        body: twiml.into_bytes(),
    }
}

/// What was sent and what came of it, for the journal.
pub(super) fn sent(
    target: &Target,
    form: super::form::Form,
    result: &Result<Reply, WireError>,
) -> Sent {
    let (status, code) = match result {
        Ok(reply) => (reply.status, super::teller::complaint(reply.status)),
        Err(error) => (0, Some(error.code())),
    };
    Sent {
        method: target.method.name(),
        url: target.address.to_string(),
        form,
        status,
        code,
    }
}

/// The recordings of a document that it names by a relative address, resolved.
fn relative_recordings(twiml: &str, base: &Address) -> Vec<Address> {
    let Ok(document) = twiml_lint::Document::parse(twiml) else {
        return Vec::new();
    };
    let top = document.root().child_elements();
    let all = top.flat_map(|verb| std::iter::once(verb).chain(verb.child_elements()));
    all.filter(|element| element.name() == "Play")
        .map(|play| play.text().trim().to_owned())
        .filter(|text| Address::parse(text).is_err())
        .filter_map(|text| base.join(&text).ok())
        .collect()
}

fn playing_time(bytes: usize) -> Duration {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    Duration::from_millis(bytes.saturating_mul(1_000) / MEDIA_BYTES_PER_SEC)
}

/// Whether a touch is for the call itself, not for a question.
fn leads_elsewhere(touch: Touch) -> Result<Script, Touch> {
    match touch {
        Touch::Redirect(script) => Ok(script),
        touch => Err(touch),
    }
}
