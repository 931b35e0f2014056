//! `GET /v1/twiml/mackerel/SECRET?alertId=ID`: for Mackerel's own Twilio channel, which calls one number and has Twilio fetch a TwiML URL.
//!
//! It only speaks: the call is Mackerel's, no attempt of ours, and the request is not signed by an account that we know, so no key is
//! taken and nothing is acknowledged. Whatever is not known, something sensible is said.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
};

use super::{Door, Rim, answer, credentials::Shown, sources::spend, verify::look_up};
use crate::{
    alert::{AlertKey, Severity},
    escalation::Headline,
    monitor::mackerel::{Alert, Found},
    roster::Language,
    source::Kind,
    voice::Announcement,
};

/// Says the alert: as rinban knows it if it is open here, else as Mackerel's API tells of it, else that there is one. 403 for a
/// secret that no source of kind Mackerel has.
pub(super) async fn mackerel(
    State(rim): State<Arc<Rim>>,
    secret: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let secret = secret.map(|Path(secret)| secret).unwrap_or_default();
    let shown = Shown::by(&HeaderMap::new(), Some(&secret));
    let doors = rim.sources.iter();
    let mut of_mackerel = doors.filter(|door| matches!(door.source.kind, Kind::Mackerel));
    let Some(door) = of_mackerel.find(|door| shown.include(&door.secret)) else {
        tracing::warn!(
            "a request for the speech of Mackerel's own call was refused: no source of Mackerel has its secret"
        );
        return answer::forbidden();
    };
    let query = request.uri().query().unwrap_or_default();
    let id = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "alertId")
        .map(|(_, id)| id.into_owned())
        .filter(|id| !id.is_empty());
    let found = match id {
        Some(id) => find(&rim, door, &id).await,
        None => What::Unknown,
    };
    let announcement = match &found {
        What::Alert(headline) => Announcement::Alert(headline),
        What::Over => Announcement::Over,
        What::Unknown => Announcement::Unknown,
    };
    let answer = rim.voice.announce(announcement, door.language);
    for warning in &answer.warnings {
        tracing::warn!("{warning}");
    }
    answer::twiml(answer.twiml())
}

enum What {
    Alert(Arc<Headline>),
    Over,
    Unknown,
}

async fn find(rim: &Rim, door: &Door, id: &str) -> What {
    let name = (door.source.event_source.clone(), id.into());
    let open = rim.engine.open_alerts([name].into()).await;
    if let Some(alert) = open.into_iter().next() {
        return What::Alert(alert.headline);
    }
    let Some(client) = &door.client else {
        return What::Unknown;
    };
    if spend(rim, &door.meter, 1).is_err() {
        return What::Unknown;
    }
    match look_up(client, id).await {
        Ok(Found::Open(alert)) => What::Alert(Arc::new(headline(door, &alert))),
        Ok(Found::Closed(_)) => What::Over,
        Ok(Found::Unknown) => What::Unknown,
        Err(why) => {
            tracing::warn!(source = %door.source.name, "Mackerel does not tell of an alert that its own call is about: {why}");
            What::Unknown
        }
    }
}

/// What the API tells of an alert: no host and no monitor by name.
fn headline(door: &Door, alert: &Alert) -> Headline {
    let kind = match alert.kind.as_str() {
        "" => String::new(),
        kind => format!(" ({kind})"),
    };
    let title = match door.language {
        Language::Ja => format!("Mackerel のアラート{kind}"),
        Language::En => format!("an alert of Mackerel{kind}"),
    };
    let severity = match alert.status.as_str() {
        "CRITICAL" => Severity::Critical,
        "WARNING" => Severity::Warning,
        _ => Severity::Error,
    };
    Headline {
        alert: AlertKey {
            source: door.source.event_source.clone(),
            group: door.source.routing.default.clone(),
            dedup: alert.id.as_str().into(),
        },
        severity,
        title,
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: [("alert_id".to_owned(), alert.id.clone())].into(),
    }
}
