//! `retry/*`: a webhook that is delivered twice counts once. The carrier repeats a request whose reply it has not seen; both carry the
//! same I-Twilio-Idempotency-Token.

use secrecy::ExposeSecret as _;

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        line::Line,
        stage::{Delivery, Stage},
    },
    twilio::Signed,
};

const RETRIES: &str = "Twilio, Connection overrides: retries, I-Twilio-Idempotency-Token";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "retry/answer",
        requirement: "The first request of a call is answered again when it comes again.",
        why: "A handler that gives the message only once gives silence to the person on the phone.",
        source: RETRIES,
        grade: Grade::Must,
        play: Play::Scene(answer),
    },
    Case {
        id: "retry/keys",
        requirement: "A key that is delivered twice is answered twice.",
        why: "The first reply was lost on its way: the second is the one that is heard.",
        source: RETRIES,
        grade: Grade::Must,
        play: Play::Scene(keys),
    },
    Case {
        id: "retry/same-reply",
        requirement: "A key that is delivered twice gets the same reply.",
        why: "Somebody who took the alert hears that it is gone, or that somebody else has it.",
        source: RETRIES,
        grade: Grade::Should,
        play: Play::Scene(same_reply),
    },
    Case {
        id: "retry/acknowledged-once",
        requirement: "A key that is delivered twice takes the alert once.",
        why: "Two acknowledgements are two messages to everybody, and a wrong record of who did what.",
        source: RETRIES,
        grade: Grade::Must,
        play: Play::Scene(acknowledged_once),
    },
    Case {
        id: "retry/at-once",
        requirement: "A key that is delivered four times at the same moment takes the alert once.",
        why: "The repeat starts while the first request is still being worked on: looking first and writing then is too late.",
        source: RETRIES,
        grade: Grade::Must,
        play: Play::Scene(at_once),
    },
];

/// The same request twice: same body, same signature, same token.
async fn twice(stage: &Stage<'_>, signed: &Signed) -> (Delivery, Delivery) {
    let first = stage.send_signed("for the first time", signed).await;
    let second = stage
        .send_signed("again, with the same token", signed)
        .await;
    (first, second)
}

/// The key that takes the alert, signed.
async fn taking(stage: &Stage<'_>) -> Result<(Line, Signed), Stop> {
    let line = stage.line().await?;
    let walk = stage.walk(&line, &[]).await?.checked()?;
    let key = &stage.kit.customs.acknowledge_key;
    let webhook = stage.pressed(&line, walk.action()?, key);
    Ok((line, webhook.sign(stage.kit.token.expose_secret())))
}

fn answer<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let signed = stage.answered(&line).sign(stage.kit.token.expose_secret());
        let (first, second) = twice(stage, &signed).await;
        let (first, again) = (first.verbs()?, second.verbs()?);
        match again.is_empty() && !first.is_empty() {
            true => Err(Stop::fail("the message again", "an empty document").at(second.at)),
            false => Ok(()),
        }
    })
}

fn keys<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (_, signed) = taking(stage).await?;
        let (first, second) = twice(stage, &signed).await;
        first.verbs()?;
        second.verbs().map(drop)
    })
}

fn same_reply<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (_, signed) = taking(stage).await?;
        let (first, second) = twice(stage, &signed).await;
        let (first, again) = (first.verbs()?, second.verbs()?);
        match first == again {
            true => Ok(()),
            false => Err(
                Stop::fail("the same document as the first time", "another document").at(second.at),
            ),
        }
    })
}

fn acknowledged_once<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (line, signed) = taking(stage).await?;
        let (first, second) = twice(stage, &signed).await;
        first.accepted()?;
        stage
            .check_acknowledged(&line, 1, "by the same key, delivered twice")
            .await
            .map_err(|stop| stop.at(second.at))
    })
}

fn at_once<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let (line, signed) = taking(stage).await?;
        let all = vec![signed; 4];
        for delivery in stage.send_at_once("four times at once", &all).await {
            delivery.accepted()?;
        }
        stage
            .check_acknowledged(&line, 1, "by the same key, delivered four times at once")
            .await
    })
}
