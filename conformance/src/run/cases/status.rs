//! `status/*`: status callbacks in any order, repeated, late or lost.

use crate::run::{
    case::{Case, Grade, Play, Playing, Stop, Verdict},
    line::Line,
    stage::Stage,
};

const CALLBACKS: &str =
    "Twilio, Call resource: status callbacks, whose order of arrival is not guaranteed";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "status/usual",
        requirement: "The callbacks of a usual call are taken.",
        why: "A callback that is refused is not sent again: the call's end stays unknown.",
        source: CALLBACKS,
        grade: Grade::Must,
        play: Play::Scene(usual),
    },
    Case {
        id: "status/quiet-reply",
        requirement: "Callbacks are answered with 204, or with 200 and XML.",
        why: "Other replies fill the carrier's error log (12300), where the real errors drown.",
        source: "Twilio, error 12300",
        grade: Grade::Should,
        play: Play::Scene(quiet_reply),
    },
    Case {
        id: "status/out-of-order",
        requirement: "Callbacks are taken in any order.",
        why: "They are separate requests, and overtake each other.",
        source: CALLBACKS,
        grade: Grade::Must,
        play: Play::Scene(out_of_order),
    },
    Case {
        id: "status/repeated",
        requirement: "A callback that comes three times is taken three times.",
        why: "Whoever refuses a repeat makes the carrier repeat it.",
        source: CALLBACKS,
        grade: Grade::Must,
        play: Play::Scene(repeated),
    },
    Case {
        id: "status/late-ringing",
        requirement: "A call that has ended does not ring again, however late the callback of its ringing comes.",
        why: "A status that runs backwards keeps a dead call alive, and the next person is never called.",
        source: CALLBACKS,
        grade: Grade::Must,
        play: Play::Scene(late_ringing),
    },
    Case {
        id: "status/lost-completed",
        requirement: "A call whose end is never told does not keep the next one from being served.",
        why: "Status callbacks have no fallback: one that is lost is lost.",
        source: CALLBACKS,
        grade: Grade::Must,
        play: Play::Scene(lost_completed),
    },
    Case {
        id: "status/unknown-word",
        requirement: "A status that is new is taken, and changes nothing.",
        why: "The carrier adds values; a crash for each of them helps nobody.",
        source: CALLBACKS,
        grade: Grade::Should,
        play: Play::Scene(unknown_word),
    },
    Case {
        id: "status/no-acknowledgement",
        requirement: "No status takes the alert.",
        why: "`completed` only says that audio was connected: a voicemail counts.",
        source: "Twilio, Call resource: status values",
        grade: Grade::Must,
        play: Play::Scene(no_acknowledgement),
    },
];

/// The call's life as the carrier tells it.
const USUAL: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

async fn tell(stage: &Stage<'_>, line: &Line, statuses: &[&str]) -> Verdict {
    for (number, status) in statuses.iter().enumerate() {
        let webhook = stage.told(line, status, number)?;
        stage
            .send(&format!("the call is {status}"), &webhook)
            .await
            .accepted()?;
    }
    Ok(())
}

fn usual<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        tell(stage, &line, &USUAL).await
    })
}

fn quiet_reply<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        for (number, status) in USUAL.iter().enumerate() {
            let webhook = stage.told(&line, status, number)?;
            let delivery = stage.send(&format!("the call is {status}"), &webhook).await;
            let reply = delivery.accepted()?;
            let kind = reply.content_type();
            if reply.status != 204
                && !matches!(kind.as_deref(), Some("text/xml" | "application/xml"))
            {
                let actual = format!(
                    "{} with content type {}",
                    reply.status,
                    kind.as_deref().unwrap_or("none")
                );
                return Err(Stop::fail("204, or 200 with text/xml", actual).at(delivery.at));
            }
        }
        Ok(())
    })
}

fn out_of_order<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        tell(
            stage,
            &line,
            &["completed", "in-progress", "initiated", "ringing"],
        )
        .await?;
        let line = stage.line().await?;
        tell(
            stage,
            &line,
            &["ringing", "initiated", "completed", "in-progress"],
        )
        .await
    })
}

fn repeated<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        for (number, status) in USUAL.iter().enumerate() {
            let webhook = stage.told(&line, status, number)?;
            for _ in 0..3 {
                stage
                    .send(&format!("the call is {status}"), &webhook)
                    .await
                    .accepted()?;
            }
        }
        Ok(())
    })
}

fn late_ringing<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        tell(
            stage,
            &line,
            &[
                "initiated",
                "in-progress",
                "completed",
                "ringing",
                "in-progress",
            ],
        )
        .await?;
        let status = stage.facts(&line).await?.status;
        let status =
            status.ok_or_else(|| Stop::skip("the observer does not tell a call's `status`"))?;
        match status.as_str() {
            "completed" => Ok(()),
            other => Err(Stop::fail(
                "the call is still `completed`",
                format!("it is {other:?} again"),
            )),
        }
    })
}

fn lost_completed<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        tell(stage, &line, &["initiated", "ringing", "in-progress"]).await?;
        stage
            .send("the call was answered", &stage.answered(&line))
            .await
            .accepted()?;
        if stage.is_observed() {
            stage
                .check_acknowledged(&line, 0, "while nobody has pressed a key")
                .await?;
        }
        let next = stage.line().await?;
        stage
            .send("the next call was answered", &stage.answered(&next))
            .await
            .accepted()
            .map(drop)
    })
}

fn unknown_word<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        tell(stage, &line, &["ringing", "parked"]).await?;
        stage
            .send("the call was answered", &stage.answered(&line))
            .await
            .accepted()
            .map(drop)
    })
}

fn no_acknowledgement<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        for end in ["completed", "busy", "no-answer", "failed", "canceled"] {
            let line = stage.line().await?;
            tell(stage, &line, &["initiated", "ringing", end]).await?;
            stage
                .check_acknowledged(&line, 0, &format!("by the status {end}"))
                .await?;
        }
        Ok(())
    })
}
