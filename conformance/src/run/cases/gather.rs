//! `gather/*`: keys, wrong keys, no keys. Each leads somewhere, and only the right one takes the alert.

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop, Verdict},
        line::Line,
        stage::{Stage, Walk, cannot_tell},
    },
    twilio::{
        Form,
        twiml::{Sound, Target, Verb, read},
        wire::Reply,
    },
};

const GATHER: &str = "Twilio, TwiML: Gather";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "gather/answered",
        requirement: "Every key, and none, is answered with TwiML.",
        why: "A crash for a key that nobody thought of ends the call with the carrier's apology.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(answered),
    },
    Case {
        id: "gather/digit",
        requirement: "The key that takes the alert takes it once, and is answered.",
        why: "The person on call hears nothing, presses again, hangs up, and is called again.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(digit),
    },
    Case {
        id: "gather/stored-before-said",
        requirement: "When the reply says that the alert is taken, it is stored already.",
        why: "A crash between the two leaves a person who believes that the alert is taken, and a system that knows of nothing.",
        source: "acknowledged is spoken only after it is on disk",
        grade: Grade::Must,
        play: Play::Scene(stored_before_said),
    },
    Case {
        id: "gather/wrong-digit",
        requirement: "A key that means nothing is answered, and does not take the alert.",
        why: "Fingers slip at three in the morning.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(wrong_digit),
    },
    Case {
        id: "gather/wrong-digit-again",
        requirement: "Behind a wrong key the question is asked again.",
        why: "A call that ends there was for nothing.",
        source: GATHER,
        grade: Grade::Should,
        play: Play::Scene(wrong_digit_again),
    },
    Case {
        id: "gather/silence",
        requirement: "A question that nobody answers leads on, and does not take the alert.",
        why: "A Gather without an answer falls through to the next verb: if there is none, the call just ends. Voicemail is silent too.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(silence),
    },
    Case {
        id: "gather/empty-digits",
        requirement: "Digits that are there and empty are silence.",
        why: "That is how actionOnEmptyResult, and some edges of the network, tell of it.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(empty_digits),
    },
    Case {
        id: "gather/no-digits",
        requirement: "A request for the action without any Digits is silence.",
        why: "Code that takes the parameter for granted crashes, and the call ends with the carrier's apology.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(no_digits),
    },
    Case {
        id: "gather/finish-key",
        requirement: "The finish key alone is silence.",
        why: "It ends the question without an answer; people press # out of habit.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(finish_key),
    },
    Case {
        id: "gather/two-keys",
        requirement: "Two keys where one was asked for do not break the call.",
        why: "Without numDigits=1 both come, and after a wait.",
        source: GATHER,
        grade: Grade::Must,
        play: Play::Scene(two_keys),
    },
    Case {
        id: "gather/early-key",
        requirement: "A key that is pressed during the speech counts.",
        why: "Whoever knows the announcement does not wait for its end. Speech outside the Gather loses such keys.",
        source: GATHER,
        grade: Grade::Should,
        play: Play::Scene(early_key),
    },
    Case {
        id: "gather/redirect",
        requirement: "The action of a question answers by itself, not with an HTTP redirect.",
        why: "A 301, 302 or 303 makes a GET of the request and loses the key: a redirect for a slash or for https takes alerts away.",
        source: "Twilio, Gather: Troubleshooting",
        grade: Grade::Must,
        play: Play::Scene(redirect),
    },
    Case {
        id: "gather/hang-up",
        requirement: "Hanging up does not take the alert.",
        why: "A call that was connected and ended is `completed`, whether a person heard it or a voicemail did.",
        source: "Twilio, Call resource: status values",
        grade: Grade::Must,
        play: Play::Scene(hang_up),
    },
    Case {
        id: "gather/unknown-call",
        requirement: "A key from a call that was never placed or answered takes nothing.",
        why: "Old requests, mixed up environments, and everybody who has the token.",
        source: "an acknowledgement belongs to a call",
        grade: Grade::Must,
        play: Play::Scene(unknown_call),
    },
];

/// A call up to its first question.
struct Asked {
    line: Line,
    walk: Walk,
    action: Target,
}

async fn asked(stage: &Stage<'_>) -> Result<Asked, Stop> {
    let line = stage.line().await?;
    let walk = stage.walk(&line, &[]).await?.checked()?;
    let action = walk.action()?.clone();
    Ok(Asked { line, walk, action })
}

/// Nothing is taken: by the words of the reply, and by the observer.
async fn check_not_taken(
    stage: &Stage<'_>,
    line: &Line,
    reply: Option<&Reply>,
    when: &str,
) -> Verdict {
    let says = reply.and_then(|reply| stage.says_acknowledged(reply));
    match (stage.is_observed(), says) {
        (_, Some(true)) => {
            let expected = format!("nothing is taken {when}");
            Err(Stop::fail(expected, "the reply says that it is taken"))
        }
        (true, _) => stage.check_acknowledged(line, 0, when).await,
        (false, Some(false)) => Ok(()),
        (false, None) => Err(cannot_tell()),
    }
}

fn answered<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let customs = &stage.kit.customs;
        for keys in [
            &customs.acknowledge_key,
            &customs.wrong_key,
            "0",
            "*",
            "1234567890",
            "",
        ] {
            let Asked { line, action, .. } = asked(stage).await?;
            let note = format!("the keys {keys:?}");
            stage
                .send(&note, &stage.pressed(&line, &action, keys))
                .await
                .verbs()?;
        }
        Ok(())
    })
}

fn digit<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let key = &stage.kit.customs.acknowledge_key;
        let delivery = stage
            .send(
                "the key that takes the alert",
                &stage.pressed(&line, &action, key),
            )
            .await;
        delivery.verbs()?;
        let says = stage.says_acknowledged(delivery.accepted()?);
        if says == Some(false) {
            let expected =
                "a reply that says that the alert is taken, as --acknowledged-says has it";
            return Err(Stop::fail(expected, "it says something else").at(delivery.at));
        }
        match (stage.is_observed(), says) {
            (true, _) => stage.check_acknowledged(&line, 1, "after the key").await,
            (false, Some(_)) => Ok(()),
            (false, None) => Err(cannot_tell()),
        }
    })
}

fn stored_before_said<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let key = &stage.kit.customs.acknowledge_key;
        let delivery = stage
            .send(
                "the key that takes the alert",
                &stage.pressed(&line, &action, key),
            )
            .await;
        delivery.accepted()?;
        stage
            .check_acknowledged(&line, 1, "at the moment of the reply")
            .await
            .map_err(|stop| stop.at(delivery.at))
    })
}

fn wrong_digit<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let key = &stage.kit.customs.wrong_key;
        let delivery = stage
            .send(
                "a key that means nothing",
                &stage.pressed(&line, &action, key),
            )
            .await;
        delivery.verbs()?;
        check_not_taken(
            stage,
            &line,
            Some(delivery.accepted()?),
            "after a wrong key",
        )
        .await
    })
}

fn wrong_digit_again<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let walk = stage
            .walk(&line, &[&stage.kit.customs.wrong_key])
            .await?
            .checked()?;
        walk.action()?;
        match walk.actions.len() {
            0 | 1 => Err(Stop::fail(
                "another question",
                format!("the call ended: {:?}", walk.end),
            )),
            _ => Ok(()),
        }
    })
}

fn silence<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let walk = stage.walk(&line, &[""]).await?.checked()?;
        walk.action()?;
        let behind = walk
            .documents
            .first()
            .map(|document| behind_question(&document.delivery))
            .transpose()?;
        if behind == Some(0) {
            let actual = "nothing follows the Gather: the call ends without a word";
            return Err(
                Stop::fail("a verb behind the Gather", actual).at(walk.documents[0].delivery.at)
            );
        }
        let last = walk
            .documents
            .last()
            .map(|document| document.delivery.accepted())
            .transpose()?;
        check_not_taken(stage, &line, last, "after silence").await
    })
}

/// How many verbs stand behind the first question.
fn behind_question(delivery: &crate::run::stage::Delivery) -> Result<usize, Stop> {
    let verbs = delivery.verbs()?;
    let question = verbs
        .iter()
        .position(|verb| matches!(verb, Verb::Gather(_)));
    Ok(question.map_or(verbs.len(), |at| verbs.len() - at - 1))
}

fn empty_digits<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let delivery = stage
            .send("Digits is empty", &stage.pressed(&line, &action, ""))
            .await;
        delivery.verbs()?;
        check_not_taken(
            stage,
            &line,
            Some(delivery.accepted()?),
            "after empty Digits",
        )
        .await
    })
}

fn no_digits<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let form: Form = stage.parameters(&line, "in-progress", &[]);
        let delivery = stage
            .send("Digits is missing", &stage.webhook(&action, form))
            .await;
        delivery.verbs()?;
        check_not_taken(stage, &line, Some(delivery.accepted()?), "without Digits").await
    })
}

fn finish_key<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let walk = stage.walk(&line, &["#"]).await?.checked()?;
        walk.action()?;
        let reply = walk
            .after_keys()
            .map(|document| document.delivery.accepted())
            .transpose()?;
        check_not_taken(stage, &line, reply, "after the finish key alone").await
    })
}

fn two_keys<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let wrong = &stage.kit.customs.wrong_key;
        let keys = format!("{wrong}{}", stage.kit.customs.acknowledge_key);
        let walk = stage.walk(&line, &[&keys]).await?.checked()?;
        walk.action()?;
        let reply = walk
            .after_keys()
            .map(|document| document.delivery.accepted())
            .transpose()?;
        check_not_taken(
            stage,
            &line,
            reply,
            "after a wrong key with the right one behind it",
        )
        .await
    })
}

fn early_key<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { walk, .. } = asked(stage).await?;
        for document in &walk.documents {
            let verbs = read(
                &document.delivery.accepted()?.text(),
                &document.fetch.target.address,
            )
            .unwrap_or_default();
            let Some(question) = verbs
                .iter()
                .position(|verb| matches!(verb, Verb::Gather(_)))
            else {
                continue;
            };
            let speaks =
                |verb: &Verb| matches!(verb, Verb::Sound(Sound::Say { .. } | Sound::Play { .. }));
            if verbs[..question].iter().any(speaks) {
                let expected = "all speech inside the Gather";
                return Err(Stop::fail(
                    expected,
                    "Say or Play before it: keys pressed then are lost",
                )
                .at(document.delivery.at));
            }
        }
        Ok(())
    })
}

fn redirect<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let key = &stage.kit.customs.wrong_key;
        let delivery = stage
            .send("a key was pressed", &stage.pressed(&line, &action, key))
            .await;
        match &delivery.exchange.result {
            Ok(reply) if (300..400).contains(&reply.status) => {
                let to = reply.header("location").unwrap_or("nowhere");
                let actual = format!("{} to {to}", reply.status);
                Err(Stop::fail("a reply to the key", actual).at(delivery.at))
            }
            _ => delivery.accepted().map(drop),
        }
    })
}

fn hang_up<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, .. } = asked(stage).await?;
        if let Ok(webhook) = stage.told(&line, "completed", 3) {
            stage
                .send("the person has hung up", &webhook)
                .await
                .accepted()?;
        }
        stage.check_acknowledged(&line, 0, "after hanging up").await
    })
}

fn unknown_call<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let Asked { line, action, .. } = asked(stage).await?;
        let mut stranger = line.clone();
        stranger.facts.call_sid = format!("CA{:032x}", fastrand::u128(..));
        let key = &stage.kit.customs.acknowledge_key;
        stage
            .send(
                "a key from a call that nobody knows",
                &stage.pressed(&stranger, &action, key),
            )
            .await;
        stage
            .check_acknowledged(&stranger, 0, "in a call that was never answered")
            .await?;
        stage
            .check_acknowledged(&line, 0, "in the call that was")
            .await
    })
}
