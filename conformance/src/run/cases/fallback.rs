//! `fallback/*`: a call that lost its document goes on, and not for ever.

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        stage::{Stage, cannot_tell},
    },
    twilio::{
        twiml::{Call, Input, Occasion, Sound, Step, Verb},
        wire::WireError,
    },
};

const FALLBACK: &str = "Twilio, Availability and Reliability: fallback URLs";

/// How often a call may come to the fallback before somebody has to end it.
const MOST_FALLBACKS: usize = 10;
/// How far a call is followed to its question.
const MOST_STEPS: usize = 50;

pub(super) const CASES: &[Case] = &[
    continues(
        "fallback/11200",
        "The fallback goes on with a call whose document could not be fetched (11200).",
        e11200,
    ),
    continues(
        "fallback/11205",
        "The fallback goes on with a call whose handler could not be reached (11205).",
        e11205,
    ),
    continues(
        "fallback/11210",
        "The fallback goes on with a call whose handler's name was not found (11210).",
        e11210,
    ),
    continues(
        "fallback/12100",
        "The fallback goes on with a call whose document was no XML (12100).",
        e12100,
    ),
    Case {
        id: "fallback/elsewhere",
        requirement: "The fallback has an address of its own.",
        why: "What failed once fails again at the same place.",
        source: FALLBACK,
        grade: Grade::Should,
        play: Play::Scene(elsewhere),
    },
    Case {
        id: "fallback/no-recordings",
        requirement: "The fallback says its message itself, and plays no recording.",
        why: "The server of the recordings may be what has failed.",
        source: FALLBACK,
        grade: Grade::Should,
        play: Play::Scene(no_recordings),
    },
    Case {
        id: "fallback/takes-keys",
        requirement: "The alert can be taken in the fallback.",
        why: "A call that only apologises wakes somebody for nothing.",
        source: FALLBACK,
        grade: Grade::Should,
        play: Play::Scene(takes_keys),
    },
    Case {
        id: "fallback/no-loop",
        requirement: "A call in which everything but the fallback fails comes to an end.",
        why: "A fallback that sends the call back to where it failed goes round until the call's time is over, and costs a minute of it.",
        source: FALLBACK,
        grade: Grade::Must,
        play: Play::Scene(no_loop),
    },
];

const fn continues(
    id: &'static str,
    requirement: &'static str,
    scene: crate::run::case::Scene,
) -> Case {
    Case {
        id,
        requirement,
        why: "The person on the phone hears the carrier's apology instead of the alert, and the call is over.",
        source: FALLBACK,
        grade: Grade::Must,
        play: Play::Scene(scene),
    }
}

fn e11200<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(goes_on(stage, 11200))
}

fn e11205<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(goes_on(stage, 11205))
}

fn e11210<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(goes_on(stage, 11210))
}

fn e12100<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(goes_on(stage, 12100))
}

/// What the fallback says after this failure.
async fn after(stage: &Stage<'_>, code: u32) -> Result<(usize, Vec<Verb>), Stop> {
    let line = stage.line().await?;
    let failed = line.voice.address.with_fragment(None).to_string();
    let webhook = stage.failed(&line, code, &failed)?;
    let delivery = stage.send(&format!("error {code}"), &webhook).await;
    Ok((delivery.at, delivery.verbs()?))
}

async fn goes_on(stage: &Stage<'_>, code: u32) -> Result<(), Stop> {
    let (at, verbs) = after(stage, code).await?;
    let goes_on = |verb: &Verb| match verb {
        Verb::Sound(sound) => !matches!(sound, Sound::Pause(_)),
        Verb::Gather(_) | Verb::Redirect(..) | Verb::Dial(_) => true,
        Verb::Hangup | Verb::Reject | Verb::Other(_) => false,
    };
    match verbs.iter().any(goes_on) {
        true => Ok(()),
        false => Err(Stop::fail(
            "something that is heard, or a place to go on",
            "a document that only ends the call",
        )
        .at(at)),
    }
}

fn elsewhere<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let Some(fallback) = &line.fallback else {
            return match stage.kit.lines.are_placed() {
                true => Err(Stop::fail("a FallbackUrl with the call", "none was given")),
                false => Err(Stop::skip(
                    "the handler has no fallback here: name it with --fallback-url",
                )),
            };
        };
        let (other, first) = (&fallback.address, &line.voice.address);
        match other.is_at(first) && other.path() == first.path() {
            true => Err(Stop::fail(
                "another address than that of the call",
                "the same address",
            )),
            false => Ok(()),
        }
    })
}

fn no_recordings<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (at, verbs) = after(stage, 11200).await?;
        let is_recording = |sound: &Sound| matches!(sound, Sound::Play { .. });
        let plays = verbs.iter().any(|verb| match verb {
            Verb::Sound(sound) => is_recording(sound),
            Verb::Gather(gather) => gather.sounds.iter().any(is_recording),
            _ => false,
        });
        match plays {
            true => Err(Stop::fail("Say only", "a Play").at(at)),
            false => Ok(()),
        }
    })
}

fn takes_keys<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (line, mut call) = lost(stage).await?;
        let mut step = call.next(Input::Start);
        for _ in 0..MOST_STEPS {
            step = match step {
                Step::Fetch(fetch) if fetch.occasion == Occasion::Answer => {
                    call.next(Input::Failed(nothing()))
                }
                Step::Fetch(fetch) if fetch.occasion == Occasion::Keys => {
                    let delivery = stage.fetch(&line, &fetch).await;
                    delivery.verbs()?;
                    let says = stage.says_acknowledged(delivery.accepted()?);
                    return match (stage.is_observed(), says) {
                        (true, _) => {
                            stage
                                .check_acknowledged(&line, 1, "by a key in the fallback")
                                .await
                        }
                        (false, Some(true)) => Ok(()),
                        (false, Some(false)) => Err(Stop::fail(
                            "a reply that says that the alert is taken",
                            "another",
                        )
                        .at(delivery.at)),
                        (false, None) => Err(cannot_tell()),
                    };
                }
                Step::Fetch(fetch) => {
                    let delivery = stage.fetch(&line, &fetch).await;
                    call.next(Input::Replied(delivery.accepted()?.clone()))
                }
                Step::FetchMedia(address) => {
                    let delivery = stage.fetch_media(&address).await;
                    call.next(Input::Replied(delivery.accepted()?.clone()))
                }
                Step::Hear(_) => call.next(Input::Heard),
                Step::Ask(_) => {
                    call.next(Input::Pressed(stage.kit.customs.acknowledge_key.clone()))
                }
                Step::Done(_) => break,
            };
        }
        Err(Stop::fail(
            "a question in the fallback",
            "it asks for no key",
        ))
    })
}

/// A call whose first document cannot be fetched.
async fn lost(stage: &Stage<'_>) -> Result<(crate::run::line::Line, Call), Stop> {
    let line = stage.line().await?;
    if line.fallback.is_none() {
        return Err(Stop::skip(
            "the handler has no fallback here: name it with --fallback-url",
        ));
    }
    let call = Call::new(line.voice.clone(), line.fallback.clone());
    Ok((line, call))
}

fn nothing() -> WireError {
    WireError::Connect("played by the suite: nobody listens there".to_owned())
}

fn no_loop<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (line, mut call) = lost(stage).await?;
        let mut fallbacks = 0;
        let mut step = call.next(Input::Start);
        loop {
            step = match step {
                Step::Fetch(fetch) if fetch.occasion == Occasion::Fallback => {
                    fallbacks += 1;
                    let delivery = stage.fetch(&line, &fetch).await;
                    if fallbacks > MOST_FALLBACKS {
                        let actual = format!("it comes to the fallback for the {fallbacks}th time");
                        return Err(Stop::fail("the call ends", actual).at(delivery.at));
                    }
                    match &delivery.exchange.result {
                        Ok(reply) => call.next(Input::Replied(reply.clone())),
                        Err(error) => call.next(Input::Failed(error.clone())),
                    }
                }
                Step::Fetch(_) | Step::FetchMedia(_) => call.next(Input::Failed(nothing())),
                Step::Hear(_) => call.next(Input::Heard),
                // Nobody presses a key: a person could always hang up.
                Step::Ask(_) => call.next(Input::Pressed(String::new())),
                Step::Done(_) => return Ok(()),
            };
        }
    })
}
