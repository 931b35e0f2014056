//! An answered call: documents are fetched and carried out until there is nothing more to do.

use std::{ops::ControlFlow, time::Duration};

use url::Url;

use super::{
    faults::{Fault, Occasion},
    fields::Endpoint,
    line::Line,
    network::random_hex,
    order::Script,
    people::Wish,
    record::{Happening, Status},
    signature::Channel,
    twiml::{self, Gather, Verb},
    webhook::{Form, Reply, Trouble, trouble},
};

/// How long it takes to press a key, or to put the receiver down; simulated time.
pub(super) const KEY_PRESS: Duration = Duration::from_millis(300);
/// How many documents a call may go through. Whoever redirects to himself would never end it.
const MOST_DOCUMENTS: u32 = 500;
/// How many keys an answer may have.
const MOST_DIGITS: usize = 100;
/// Recordings are taken for 8 kHz with 16 bits.
const MEDIA_BYTES_PER_SEC: f64 = 16_000.0;

/// Where the call goes on.
#[derive(Clone, Debug)]
enum Next {
    Inline(String),
    Fetch {
        to: Endpoint,
        /// Besides the standard parameters.
        extra: Form,
        is_fallback: bool,
    },
}

/// A verb is done (`Continue`), the call leaves the document (`Break(Some)`), or ends (`Break(None)`).
type Flow = ControlFlow<Option<Next>>;

const END: Flow = ControlFlow::Break(None);

impl Line {
    /// Carries out documents to the end. A failure goes on at the fallback address, but not one that happens there.
    pub(super) async fn talk(&mut self) {
        let mut next = match self.caller.order.script.clone() {
            Script::Inline(text) => Next::Inline(text),
            Script::At(to) => Next::fetch(to, Form::new()),
        };
        for _ in 0..MOST_DOCUMENTS {
            let in_fallback = matches!(
                next,
                Next::Fetch {
                    is_fallback: true,
                    ..
                }
            );
            match self.document(next).await {
                Ok(Some(follows)) => next = follows,
                Ok(None) => return,
                Err(failure) => match self.fallback(failure).filter(|_| !in_fallback) {
                    Some(fallback) => next = fallback,
                    None => return,
                },
            }
        }
        let endless = Happening::Trouble {
            code: 11200,
            url: String::new(),
            text: format!("the call went through {MOST_DOCUMENTS} documents without an end"),
        };
        self.caller.tell(endless);
    }

    /// Tells of a failure, and where the call goes on.
    fn fallback(&self, failure: Trouble) -> Option<Next> {
        self.caller.tell(failure.clone().into());
        let to = self.caller.order.fallback.clone()?;
        let extra = vec![
            ("ErrorCode".to_owned(), failure.code.to_string()),
            ("ErrorUrl".to_owned(), failure.url),
        ];
        Some(Next::Fetch {
            to,
            extra,
            is_fallback: true,
        })
    }

    async fn document(&mut self, next: Next) -> Result<Option<Next>, Trouble> {
        let verbs = match next {
            Next::Inline(text) => Some(read(&text, None)?),
            Next::Fetch { to, extra, .. } => {
                let reply = self.fetch(&to, extra).await?;
                self.understand(reply).await?
            }
        };
        for verb in verbs.unwrap_or_default() {
            if let ControlFlow::Break(follows) = self.perform(verb).await? {
                return Ok(follows);
            }
        }
        Ok(None)
    }

    async fn fetch(&mut self, to: &Endpoint, extra: Form) -> Result<Reply, Trouble> {
        let mut form = self.caller.standard_form(Status::InProgress);
        form.extend(extra);
        let fault = self
            .net()
            .mischief
            .at(Occasion::Webhook, &self.caller.occasion, self.fetches);
        self.fetches += 1;
        let token = random_hex();
        if fault == Some(Fault::FailFetch) {
            return Err(trouble(11200, &to.url, "a fault of the simulated network"));
        }
        if fault == Some(Fault::DuplicateWebhook) {
            // The first reply is lost, whatever it was.
            let _ = self
                .net()
                .courier
                .deliver(Channel::Voice, to, &form, &token)
                .await;
        }
        let reply = self
            .net()
            .courier
            .deliver(Channel::Voice, to, &form, &token)
            .await?;
        let url = trouble(0, &reply.url, "").url;
        self.caller.tell(Happening::Fetched { url });
        Ok(reply)
    }

    /// What a reply says to do; none if that was done already: a recording is played, and nothing follows it.
    async fn understand(&mut self, reply: Reply) -> Result<Option<Vec<Verb>>, Trouble> {
        let text = || {
            std::str::from_utf8(&reply.body).map_err(|error| {
                trouble(
                    12100,
                    &reply.url,
                    &format!("the reply is not UTF-8: {error}"),
                )
            })
        };
        match reply.content_type.as_deref() {
            Some("text/xml" | "application/xml" | "text/html") => {
                read(text()?, Some(&reply.url)).map(Some)
            }
            Some("text/plain") => Ok(Some(read(text()?, Some(&reply.url)).unwrap_or(vec![
                Verb::Say {
                    text: text()?.to_owned(),
                    language: None,
                    times: 1,
                },
            ]))),
            Some(kind) if kind.starts_with("audio/") => {
                self.caller.tell(Happening::Played {
                    url: reply.url.to_string(),
                });
                self.sleep(playing_time(&reply.body)).await;
                Ok(None)
            }
            Some(kind) => Err(trouble(
                12300,
                &reply.url,
                &format!("the content type {kind} is none of TwiML"),
            )),
            None => Err(trouble(12300, &reply.url, "the reply has no content type")),
        }
    }

    async fn perform(&mut self, verb: Verb) -> Result<Flow, Trouble> {
        match verb {
            Verb::Gather(gather) => self.gather(gather).await,
            Verb::Redirect { url, method } => Ok(ControlFlow::Break(Some(Next::fetch(
                Endpoint { url, method },
                Form::new(),
            )))),
            Verb::End => Ok(END),
            heard => {
                if self.hangs_up(true).await {
                    return Ok(END);
                }
                let length = self.start_sound(&heard).await?;
                self.sleep(length).await;
                Ok(if self.hangs_up(false).await {
                    END
                } else {
                    ControlFlow::Continue(())
                })
            }
        }
    }

    /// Begins to speak or play, and says how long that takes.
    async fn start_sound(&mut self, verb: &Verb) -> Result<Duration, Trouble> {
        Ok(match verb {
            Verb::Say {
                text,
                language,
                times,
            } => {
                self.caller.tell(Happening::Said {
                    text: text.clone(),
                    language: language.clone(),
                });
                twiml::speaking_time(text) * *times
            }
            Verb::Play { url, times } => {
                let length = self.recording(url, 13420).await?;
                self.caller.tell(Happening::Played {
                    url: url.to_string(),
                });
                length * *times
            }
            Verb::Tones { keys } => KEY_PRESS * u32::try_from(keys.len()).unwrap_or(u32::MAX),
            Verb::Pause(length) => *length,
            Verb::Gather(_) | Verb::Redirect { .. } | Verb::End => Duration::ZERO,
        })
    }

    /// Fetches a recording and says how long it is; `code` is the carrier's for something that is no recording.
    async fn recording(&self, url: &Url, code: u32) -> Result<Duration, Trouble> {
        let reply = self.net().courier.fetch_media(url).await?;
        match reply.content_type.as_deref() {
            Some(kind) if kind.starts_with("audio/") => Ok(playing_time(&reply.body)),
            kind => Err(trouble(
                code,
                url,
                &format!("{} is no recording", kind.unwrap_or("nothing")),
            )),
        }
    }

    async fn gather(&mut self, gather: Gather) -> Result<Flow, Trouble> {
        for verb in &gather.nested {
            // The carrier fetches all recordings before it plays the first.
            if let Verb::Play { url, .. } = verb {
                self.recording(url, 13325).await?;
            }
        }
        let acted_early = self.steps.front().is_some_and(|step| step.early);
        if acted_early && self.act().await {
            return Ok(END);
        }
        let mut key = None;
        for verb in &gather.nested {
            let length = self.start_sound(verb).await?;
            key = self.key_for(&gather, length).await;
            if key.is_some() {
                break;
            }
        }
        if key.is_none() && !acted_early && self.act().await {
            return Ok(END);
        }
        let answer = self.collect(&gather, key).await;
        // Keys that are pressed between two questions reach nobody.
        self.typing.clear();
        Ok(answer.follow(gather))
    }

    /// The keys that answer a question, of which the first may have been pressed already.
    async fn collect(&mut self, gather: &Gather, first: Option<char>) -> Answer {
        let mut answer = Answer::default();
        let mut key = first;
        loop {
            if key.is_none() {
                key = self.key_for(gather, gather.timeout).await;
            }
            match key.take() {
                None => return answer,
                key if key == gather.finish_on => {
                    answer.finished_on = key;
                    return answer;
                }
                Some(key) => answer.digits.push(key),
            }
            if answer.digits.len() == gather.most_digits.unwrap_or(MOST_DIGITS) {
                return answer;
            }
        }
    }

    /// The next key within a time, if keys count.
    async fn key_for(&mut self, gather: &Gather, within: Duration) -> Option<char> {
        if !gather.takes_keys {
            self.sleep(within).await;
            return None;
        }
        let key = self.next_key(within).await?;
        self.caller.tell(Happening::Pressed { key });
        Some(key)
    }

    /// The person does the next step. True if that ends the call.
    async fn act(&mut self) -> bool {
        match self.steps.pop_front().map(|step| step.wish) {
            None => false,
            Some(Wish::Press(keys)) => {
                self.typing.extend(keys.chars());
                false
            }
            Some(Wish::HangUp) => self.put_down().await,
        }
    }

    /// Outside a question a person can only hang up: before or after hearing something.
    async fn hangs_up(&mut self, early: bool) -> bool {
        let next = self.steps.front();
        let wants = next.is_some_and(|step| step.wish == Wish::HangUp && step.early == early);
        wants && self.put_down().await
    }

    async fn put_down(&mut self) -> bool {
        self.sleep(KEY_PRESS).await;
        self.caller.tell(Happening::HungUp);
        true
    }
}

/// What was pressed.
#[derive(Clone, Debug, Default)]
struct Answer {
    digits: String,
    finished_on: Option<char>,
}

impl Answer {
    /// An answer without digits is none, even with the finish key, unless the question wants those too.
    fn follow(self, gather: Gather) -> Flow {
        if self.digits.is_empty() && !gather.posts_empty {
            return ControlFlow::Continue(());
        }
        let finished_on = self.finished_on.map(String::from).unwrap_or_default();
        let extra = [
            ("Digits", self.digits),
            ("FinishedOnKey", finished_on),
            ("msg", "Gather End".to_owned()),
        ];
        let to = Endpoint {
            url: gather.action,
            method: gather.method,
        };
        let extra = extra.map(|(name, value)| (name.to_owned(), value)).to_vec();
        ControlFlow::Break(Some(Next::fetch(to, extra)))
    }
}

impl Next {
    fn fetch(to: Endpoint, extra: Form) -> Self {
        Self::Fetch {
            to,
            extra,
            is_fallback: false,
        }
    }
}

impl From<Trouble> for Happening {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble {
            code: trouble.code,
            url: trouble.url,
            text: trouble.text,
        }
    }
}

fn read(source: &str, base: Option<&Url>) -> Result<Vec<Verb>, Trouble> {
    twiml::read(source, base).map_err(|(code, text)| match base {
        Some(url) => trouble(code, url, &text),
        None => Trouble {
            code,
            url: String::new(),
            text,
        },
    })
}

fn playing_time(recording: &[u8]) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the length of a recording is far below 2^52 bytes"
    )]
    Duration::from_secs_f64(recording.len() as f64 / MEDIA_BYTES_PER_SEC)
}
