//! How events stand: `event.get`, for all of them at once.

use std::collections::HashMap;

use super::{Client, ProblemEvent, is_event_id};
use crate::monitor::{
    Open, Standing,
    watch::{self, Read},
};

/// So many events are asked for at once.
const AT_ONCE: usize = 500;

/// Reads events.
#[derive(Debug)]
pub struct Reader {
    client: Client,
}

impl Reader {
    /// A reader.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl watch::Reader for Reader {
    fn read<'a>(&'a self, alerts: &'a [Open]) -> Read<'a> {
        let id = |alert: &'a Open| alert.headline.alert.dedup.as_str();
        Box::pin(async move {
            let mut ids: Vec<_> = alerts.iter().map(id).filter(|id| is_event_id(id)).collect();
            ids.sort_unstable();
            ids.dedup();
            let mut standings = HashMap::new();
            for ids in ids.chunks(AT_ONCE) {
                let events = self.client.events(ids).await?;
                standings.extend(events.into_iter().map(|event| {
                    let standing = standing(&event);
                    (event.eventid, standing)
                }));
            }
            let of = |alert| standings.get(id(alert)).cloned();
            let of = |alert| of(alert).unwrap_or(Standing::Unknown);
            Ok(alerts.iter().map(of).collect())
        })
    }
}

fn standing(event: &ProblemEvent) -> Standing {
    if event.is_over() {
        return Standing::Over {
            reason: None,
            stamp: event.r_eventid.clone(),
        };
    }
    match event.acknowledgement() {
        Some(update) if !update.is_own() => Standing::Taken {
            by: update.author(),
            stamp: update.acknowledgeid.clone(),
        },
        _ if event.is_suppressed() => Standing::Suppressed,
        _ => Standing::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Update, *};

    fn check(over: bool, suppressed: bool, acknowledged_by: Option<&str>, expected: Standing) {
        let flag = |flag| if flag { "1" } else { "0" }.to_owned();
        let update = acknowledged_by.map(|message| Update {
            acknowledgeid: "9".to_owned(),
            action: "6".to_owned(),
            message: message.to_owned(),
            username: "Admin".to_owned(),
            ..Update::default()
        });
        let event = ProblemEvent {
            eventid: "7".to_owned(),
            r_eventid: if over { "17" } else { "0" }.to_owned(),
            acknowledged: flag(update.is_some()),
            suppressed: flag(suppressed),
            acknowledges: Some(Vec::from_iter(update)),
        };
        assert_eq!(standing(&event), expected);
    }

    #[test]
    fn over_counts_more_than_taken_and_taken_more_than_suppressed() {
        let taken = || Standing::Taken {
            by: "Admin".to_owned(),
            stamp: "9".to_owned(),
        };
        let over = Standing::Over {
            reason: None,
            stamp: "17".to_owned(),
        };
        check(true, true, Some("mine"), over);
        check(false, true, Some("mine"), taken());
        check(false, false, Some("mine"), taken());
        check(false, true, Some("[rinban] aya"), Standing::Suppressed);
        check(false, false, Some("[rinban] aya"), Standing::Open);
        check(false, true, None, Standing::Suppressed);
        check(false, false, None, Standing::Open);
    }
}
