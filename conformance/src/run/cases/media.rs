//! `media/*`: recordings can be fetched, and are recordings.

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        stage::{Delivery, Stage},
    },
    twilio::{Address, twiml::AUDIO_TYPES},
};

const PLAY: &str = "Twilio, TwiML: Play";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "media/fetch",
        requirement: "Every recording can be fetched by a plain GET.",
        why: "The carrier sends neither parameters nor, as far as is known, a signature for it: a handler that verifies every request \
              refuses its own recordings.",
        source: PLAY,
        grade: Grade::Must,
        play: Play::Scene(fetch),
    },
    Case {
        id: "media/type",
        requirement: "Every recording has a content type of audio.",
        why: "The carrier goes by the header (13420): a file served as text or as bytes is not played.",
        source: PLAY,
        grade: Grade::Must,
        play: Play::Scene(kind),
    },
    Case {
        id: "media/not-empty",
        requirement: "No recording is empty.",
        why: "A file that is being written, or was never uploaded, plays as silence.",
        source: PLAY,
        grade: Grade::Should,
        play: Play::Scene(not_empty),
    },
];

/// The recordings of a call in which nobody answers, then somebody presses a wrong key, then the right one.
async fn recordings(stage: &Stage<'_>) -> Result<Vec<(Address, Delivery)>, Stop> {
    let line = stage.line().await?;
    let customs = &stage.kit.customs;
    let walk = stage
        .walk(&line, &["", &customs.wrong_key, &customs.acknowledge_key])
        .await?;
    match walk.recordings.is_empty() {
        true => Err(Stop::skip("the handler plays no recording")),
        false => Ok(walk.recordings),
    }
}

fn fetch<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        for (_, delivery) in recordings(stage).await? {
            delivery.accepted()?;
        }
        Ok(())
    })
}

fn kind<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        for (address, delivery) in recordings(stage).await? {
            let kind = delivery.accepted()?.content_type();
            let kind = kind.as_deref().unwrap_or("none");
            if !AUDIO_TYPES.contains(&kind) {
                let actual = format!("content type {kind} at {address}");
                return Err(
                    Stop::fail("audio/mpeg, audio/wav or another type of audio", actual)
                        .at(delivery.at),
                );
            }
        }
        Ok(())
    })
}

fn not_empty<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        for (address, delivery) in recordings(stage).await? {
            if delivery.accepted()?.body.is_empty() {
                return Err(Stop::fail(
                    "a recording with something in it",
                    format!("nothing at {address}"),
                )
                .at(delivery.at));
            }
        }
        Ok(())
    })
}
