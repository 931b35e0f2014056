//! Plays cases, one after another, and keeps how they went.

use std::time::{Duration, Instant};

use super::{
    case::{Case, Play, Stop, Verdict},
    forge::{Draft, Forgery},
    stage::{Kit, Record, Stage},
    variation::Variation,
};

/// How one case went.
#[derive(Debug)]
pub struct Played {
    /// Which.
    pub case: &'static Case,
    /// How it went.
    pub verdict: Verdict,
    /// All that went over the wire.
    pub records: Vec<Record>,
    /// How long it took.
    pub took: Duration,
}

/// Plays a case.
pub async fn play(case: &'static Case, kit: &Kit) -> Played {
    let start = Instant::now();
    let stage = Stage::new(case.id, kit);
    let verdict = perform(case, &stage).await;
    stage.settle().await;
    Played {
        case,
        verdict,
        records: stage.into_records(),
        took: start.elapsed(),
    }
}

async fn perform(case: &Case, stage: &Stage<'_>) -> Verdict {
    if stage.kit.has_no_token && case.id != "sig/no-token" {
        return Err(Stop::skip("the handler was started without a token"));
    }
    if stage.kit.is_slow.get() && !["sig/plain", "twiml/time"].contains(&case.id) {
        return Err(Stop::skip("even a plain request is not answered in time"));
    }
    match &case.play {
        Play::Accepts(variation) => accepts(variation, stage).await,
        Play::Refuses(forgery) => refuses(forgery, stage).await,
        Play::Scene(scene) => scene(stage).await,
    }
}

async fn accepts(variation: &Variation, stage: &Stage<'_>) -> Verdict {
    if variation.needs_route && stage.kit.lines.are_placed() {
        return Err(Stop::skip(
            "the system hands out its addresses itself, and no other is its own",
        ));
    }
    let line = stage.line().await?;
    let mut webhook = stage.answered(&line);
    (variation.shape)(&mut webhook).map_err(Stop::skip)?;
    let delivery = stage.send(variation.name, &webhook).await;
    let went = match variation.needs_route {
        true => delivery.accepted_if_routed(),
        false => delivery.accepted(),
    };
    went.map(drop).map_err(|stop| stop.detail(variation.name))
}

/// The forged request is refused, and the genuine one is accepted afterwards: a handler that refuses everything would pass otherwise, and
/// so would one that a forged request can put into another state.
async fn refuses(forgery: &Forgery, stage: &Stage<'_>) -> Verdict {
    let line = stage.line().await?;
    let webhook = stage.answered(&line);
    let mut draft = Draft::new(webhook.clone());
    let keys = stage.keys();
    (forgery.change)(&mut draft, &keys).map_err(Stop::skip)?;
    if draft.is_genuine(&keys) {
        return Err(Stop::skip("the change cannot be seen in what is signed"));
    }
    let delivery = stage.send_forged(forgery.name, &draft).await;
    delivery
        .refused()
        .map_err(|stop| stop.detail(forgery.name))?;
    // An observer may tell of other things only.
    match stage
        .check_acknowledged(&line, 0, "by a forged request")
        .await
    {
        Ok(()) | Err(Stop::Skip(_)) => {}
        Err(failed) => return Err(failed),
    }
    let genuine = stage.send("the genuine request behind it", &webhook).await;
    let went = genuine.accepted().map(drop);
    went.map_err(|stop| stop.detail("the genuine request behind the forged one"))
}
