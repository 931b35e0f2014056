//! What needs more than one request, or more than a token.

use secrecy::ExposeSecret as _;

use super::SECURITY;
use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        forge::Draft,
        stage::{Delivery, Stage},
    },
    twilio::{
        Payload, Signed, Webhook,
        signature::{self, Algorithm},
    },
};

pub(in crate::run::cases) const CASES: &[Case] = &[
    Case {
        id: "sig/every-place",
        requirement: "Forged requests are refused at every address: action, status callback and fallback, not only at the first.",
        why: "Verification is often wired to one route; the others take keys and statuses from anybody.",
        source: SECURITY,
        grade: Grade::Must,
        play: Play::Scene(every_place),
    },
    Case {
        id: "sig/no-token",
        requirement: "A handler without a token refuses everything.",
        why: "Many handlers skip the verification where no token is set, which is right on a developer's machine and nowhere else. Start \
              the handler without its token, and run this case with --no-token.",
        source: "fail closed: a missing secret must not open the door",
        grade: Grade::Must,
        play: Play::Scene(no_token),
    },
    Case {
        id: "sig/json",
        requirement: "A JSON body is verified by the hash in its address.",
        why: "Some of the carrier's products send JSON; a verifier that only knows forms refuses it, or takes any body.",
        source: SECURITY,
        grade: Grade::Should,
        play: Play::Scene(json),
    },
    Case {
        id: "sig/json-changed",
        requirement: "A JSON body that was changed is refused.",
        why: "The signature covers the address only, which holds the hash: whoever does not compare it takes any body.",
        source: SECURITY,
        grade: Grade::Must,
        play: Play::Scene(json_changed),
    },
    Case {
        id: "sig/sha256",
        requirement: "A signature with SHA-256 and a shared key is accepted where its settings header names it.",
        why: "The scheme is new; libraries that do not know it refuse every request once it is switched on.",
        source: "twilio for Python, 9.13",
        grade: Grade::Should,
        play: Play::Scene(sha256),
    },
    Case {
        id: "sig/sha256-downgrade",
        requirement: "A request whose settings header names SHA-256 is not verified with SHA-1.",
        why: "Whoever has the old token would choose the old scheme.",
        source: "twilio for Python, 9.13",
        grade: Grade::Should,
        play: Play::Scene(sha256_downgrade),
    },
];

fn every_place<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let mut looked_at = 0;
        let line = stage.line().await?;
        let mut places: Vec<(&str, Webhook)> = Vec::new();
        places.extend(
            stage
                .told(&line, "ringing", 1)
                .ok()
                .map(|webhook| ("the status callback", webhook)),
        );
        places.extend(
            stage
                .failed(&line, 11200, &line.voice.address.to_string())
                .ok()
                .map(|webhook| ("the fallback", webhook)),
        );
        let walk = stage.walk(&line, &[]).await?;
        let key = &stage.kit.customs.acknowledge_key;
        places.extend(walk.action().ok().map(|action| {
            (
                "the action of a question",
                stage.pressed(&line, action, key),
            )
        }));
        for (name, webhook) in places {
            let mut draft = Draft::new(webhook);
            draft.key = Some("0123456789abcdef0123456789abcdef".to_owned());
            let delivery = stage
                .send_forged(&format!("a foreign token at {name}"), &draft)
                .await;
            delivery
                .refused()
                .map_err(|stop| stop.detail(format!("at {name}, with another account's token")))?;
            looked_at += 1;
        }
        if stage.is_observed() {
            stage
                .check_acknowledged(&line, 0, "after forged requests")
                .await?;
        }
        match looked_at {
            0 => Err(Stop::skip(
                "there is only one address: no question, no --status-url, no --fallback-url",
            )),
            _ => Ok(()),
        }
    })
}

fn no_token<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        if !stage.kit.has_no_token {
            return Err(Stop::skip(
                "the handler has a token; start it without one and run with --no-token",
            ));
        }
        let line = stage.line().await?;
        let webhook = stage.answered(&line);
        for (what, key, header) in [
            ("no signature", None, Some(None)),
            ("an empty signature", None, Some(Some(String::new()))),
            ("a signature with an empty key", Some(String::new()), None),
            (
                "a signature with some key",
                Some("0123456789abcdef0123456789abcdef".to_owned()),
                None,
            ),
        ] {
            let draft = Draft {
                key,
                header,
                ..Draft::new(webhook.clone())
            };
            let delivery = stage.send_forged(what, &draft).await;
            refused_without_token(&delivery).map_err(|stop| stop.detail(what))?;
        }
        Ok(())
    })
}

/// Without a token a handler may say that it is at fault itself.
fn refused_without_token(delivery: &Delivery) -> Result<(), Stop> {
    match &delivery.exchange.result {
        Ok(reply) if matches!(reply.status, 400..=599) => Ok(()),
        _ => delivery.refused(),
    }
}

/// A JSON request where JSON is taken.
fn of_json(stage: &Stage<'_>) -> Result<Webhook, Stop> {
    let target = stage.kit.json.as_ref();
    let target = target.ok_or_else(|| {
        Stop::skip("voice calls send no JSON; name an address that takes it with --json-url")
    })?;
    let body = br#"{"CallSid":"CA00000000000000000000000000000001","Text":"K\u00f6ln"}"#;
    Ok(Webhook {
        payload: Payload::Json(body.to_vec()),
        ..stage.webhook(target, Vec::new())
    })
}

fn json<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let webhook = of_json(stage)?;
        stage
            .send("a JSON body", &webhook)
            .await
            .accepted()
            .map(drop)
    })
}

fn json_changed<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let mut signed = of_json(stage)?.sign(stage.kit.token.expose_secret());
        signed.request.body.push(b' ');
        stage
            .send_signed("a JSON body with one blank more", &signed)
            .await
            .refused()
    })
}

fn sha256<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let key = stage.kit.shared_key.as_ref();
        let key = key.ok_or_else(|| Stop::skip("name the shared key with --shared-key-env"))?;
        let line = stage.line().await?;
        let webhook = Webhook {
            algorithm: Algorithm::HmacSha256,
            ..stage.answered(&line)
        };
        let signed = webhook.sign(key.expose_secret());
        stage
            .send_signed("a signature with SHA-256", &signed)
            .await
            .accepted()
            .map(drop)
    })
}

fn sha256_downgrade<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let Signed { request, string } =
            stage.answered(&line).sign(stage.kit.token.expose_secret());
        let settings = Algorithm::HmacSha256
            .settings("SK00000000000000000000000000000001")
            .unwrap_or_default();
        let signed = Signed {
            request: request.with_header(signature::SETTINGS_HEADER, &settings),
            string,
        };
        stage
            .send_signed("SHA-256 is named, SHA-1 was used", &signed)
            .await
            .refused()
    })
}
