//! `load/*`: many calls at once are answered in time. Bounded: this is no benchmark.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        stage::{Delivery, Stage},
    },
    twilio::Signed,
};

/// How many requests are sent at once.
const BURST: usize = 24;

pub(super) const CASES: &[Case] = &[
    Case {
        id: "load/burst",
        requirement: "A burst of 24 requests is answered, each in time.",
        why: "A storm of alerts is many calls in the same second; a handler with one worker and a slow database answers the last of them \
              too late.",
        source: "Twilio, Connection overrides: 15 s in all",
        grade: Grade::Must,
        play: Play::Scene(burst),
    },
    Case {
        id: "load/burst-quick",
        requirement: "In a burst of 24 requests, the slowest reply comes within a third of the time.",
        why: "What is slow in a small burst is lost in a larger one.",
        source: "headroom",
        grade: Grade::Should,
        play: Play::Scene(burst_quick),
    },
];

/// Requests of as many calls; where the system places the calls itself, the same request as often.
async fn requests(stage: &Stage<'_>) -> Result<Vec<Signed>, Stop> {
    let token = stage.kit.token.expose_secret();
    if stage.kit.lines.are_placed() {
        let line = stage.line().await?;
        return Ok(vec![stage.answered(&line).sign(token); BURST]);
    }
    let mut all = Vec::new();
    for _ in 0..BURST {
        let line = stage.line().await?;
        all.push(stage.answered(&line).sign(token));
    }
    Ok(all)
}

async fn play(stage: &Stage<'_>) -> Result<Vec<Delivery>, Stop> {
    let all = requests(stage).await?;
    Ok(stage.send_at_once("one of many at once", &all).await)
}

fn burst<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        for delivery in play(stage).await? {
            delivery.accepted()?;
        }
        Ok(())
    })
}

fn burst_quick<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let limit = stage.kit.patience / 3;
        for delivery in play(stage).await? {
            delivery.accepted()?;
            let took: Duration = delivery.exchange.times.done;
            if took > limit {
                return Err(
                    Stop::fail(format!("within {limit:?}"), format!("one took {took:?}"))
                        .at(delivery.at),
                );
            }
        }
        Ok(())
    })
}
