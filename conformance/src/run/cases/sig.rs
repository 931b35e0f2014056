//! `sig/*`: the signature. Genuine requests of every shape are accepted, and whatever is not what was signed is refused.

pub(super) mod accepted;
pub(super) mod generated;
pub(super) mod others;
pub(super) mod refused;

use crate::run::{
    case::{Case, Grade, Play, Playing, Stop},
    stage::Stage,
};

const SECURITY: &str = "Twilio, Security: Validating requests";
const LIBRARIES: &str = "the validators of Twilio's official libraries, run side by side";

/// Without this one nothing else can be told.
pub(super) const PLAIN: &[Case] = &[Case {
    id: "sig/plain",
    requirement: "A genuine request as the carrier sends it is accepted.",
    why: "Every call fails. Usually the handler has another token, or believes itself at another address than the carrier calls: \
          see --public-url.",
    source: SECURITY,
    grade: Grade::Must,
    play: Play::Scene(plain),
}];

fn plain<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        if stage.kit.has_no_token {
            return Err(Stop::skip(
                "the handler was started without a token: nothing is genuine to it",
            ));
        }
        let line = stage.line().await?;
        let delivery = stage
            .send("the call was answered", &stage.answered(&line))
            .await;
        delivery.accepted().map(drop)
    })
}
