//! How events stand: `event.get`, for all of them at once.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Client, ProblemEvent, Update, is_event_id};
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
            let mut events = HashMap::new();
            for ids in ids.chunks(AT_ONCE) {
                let found = self.client.events(ids).await?.into_iter();
                events.extend(found.map(|event| (event.eventid.clone(), event)));
            }
            let of = |alert: &'a Open| match events.get(id(alert)) {
                Some(event) => standing(event, alert.since),
                None => Standing::Unknown,
            };
            Ok(alerts.iter().map(of).collect())
        })
    }
}

/// `since`: who acknowledged it before that has it no more. Our taking that acknowledgement back may still be on its way.
fn standing(event: &ProblemEvent, since: Option<Timestamp>) -> Standing {
    if event.is_over() {
        return Standing::Over {
            reason: None,
            stamp: event.r_eventid.clone(),
        };
    }
    let counts = |update: &&Update| {
        !update.is_own() && since.is_none_or(|since| update.at() >= since.as_second())
    };
    match event.acknowledgement().filter(counts) {
        Some(update) => Standing::Taken {
            by: update.author(),
            stamp: update.acknowledgeid.clone(),
        },
        _ if event.is_suppressed() => Standing::Suppressed,
        _ => Standing::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(over: bool, suppressed: bool, acknowledged_by: Option<&str>) -> ProblemEvent {
        let flag = |flag| if flag { "1" } else { "0" }.to_owned();
        let update = acknowledged_by.map(|message| Update {
            acknowledgeid: "9".to_owned(),
            action: "6".to_owned(),
            message: message.to_owned(),
            username: "Admin".to_owned(),
            clock: "1000".to_owned(),
            ..Update::default()
        });
        ProblemEvent {
            eventid: "7".to_owned(),
            r_eventid: if over { "17" } else { "0" }.to_owned(),
            acknowledged: flag(update.is_some()),
            suppressed: flag(suppressed),
            acknowledges: Some(Vec::from_iter(update)),
        }
    }

    fn check(over: bool, suppressed: bool, acknowledged_by: Option<&str>, expected: Standing) {
        let event = event(over, suppressed, acknowledged_by);
        assert_eq!(standing(&event, None), expected);
    }

    #[test]
    fn who_took_it_before_calling_resumed_has_it_no_more() {
        let taken = event(false, false, Some("mine"));
        for (since, counts) in [(999, true), (1000, true), (1001, false)] {
            let since = Timestamp::from_second(since).expect("in range");
            let standing = standing(&taken, Some(since));
            assert_eq!(
                matches!(standing, Standing::Taken { .. }),
                counts,
                "{since}"
            );
        }
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
