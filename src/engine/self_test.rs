//! How the last self-test went, read from what the loop stores: the last alert of rinban's own. Kept as a mark of the
//! store, in the batch of the very entries that decide it, so that it is right after a restart.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::SELF_TEST,
    escalation::{Effect, Entry, EscalationId, News},
    store::Batch,
};

/// The name of the mark.
const MARK: &str = "self_test";

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// When that was known.
    pub at: Timestamp,
    /// Whether somebody took it.
    pub ok: bool,
    /// Who, or why nobody did.
    pub text: String,
}

/// The same with the escalation that it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    escalation: EscalationId,
    #[serde(flatten)]
    pub(super) test: SelfTest,
}

impl Known {
    /// What an earlier core has kept.
    pub(super) fn load(marks: &BTreeMap<String, String>) -> Option<Self> {
        serde_json::from_str(marks.get(MARK)?).ok()
    }

    /// What a batch decides, if it decides a test; `last` is the one before.
    pub(super) fn of(batch: &Batch, last: Option<&Self>) -> Option<Self> {
        let is_test = |id: EscalationId| {
            let mut escalations = batch.escalations.iter();
            escalations
                .any(|each| each.id == id && each.headline.alert.source.as_str() == SELF_TEST)
        };
        let mut known = None;
        for (id, entry) in &batch.entries {
            // Nearly all entries decide nothing, so that is asked first.
            if let Some(test) = decided(entry)
                && is_test(*id)
            {
                let before = known.as_ref().or(last);
                let was_taken =
                    before.is_some_and(|before| before.escalation == *id && before.test.ok);
                if test.ok || !was_taken {
                    known = Some(Self {
                        escalation: *id,
                        test,
                    });
                }
            }
        }
        known
    }

    /// The mark to be stored.
    pub(super) fn mark(&self) -> Option<(String, String)> {
        Some((MARK.to_owned(), serde_json::to_string(self).ok()?))
    }
}

fn decided(entry: &Entry) -> Option<SelfTest> {
    let news = entry.effects.iter().rev().find_map(|effect| match effect {
        Effect::Tell { news } => told(news),
        _ => None,
    });
    news.map(|(ok, text)| SelfTest {
        at: entry.at,
        ok,
        text,
    })
}

fn told(news: &News) -> Option<(bool, String)> {
    match news {
        News::Acknowledged { by } => Some((true, format!("{by} took it"))),
        News::Closed { by } => Some((true, format!("{by} closed it"))),
        News::Recovered { reason } => {
            let reason = reason.as_deref().unwrap_or("nobody took it");
            Some((false, reason.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alert::{Event, Headline, samples},
        escalation::{Escalation, Input},
    };

    /// A batch in which an escalation of this source hears this.
    fn batch(source: &str, id: u64, news: &[News]) -> Batch {
        let event = Event {
            source: source.into(),
            ..samples::event()
        };
        let id = EscalationId(id);
        let (escalation, _) = Escalation::open(
            id,
            Timestamp::UNIX_EPOCH,
            "test:web".into(),
            Headline::of(&event).into(),
        );
        let entry = |news: &News| Entry {
            number: 2,
            at: Timestamp::UNIX_EPOCH,
            input: Input::Woke,
            effects: [Effect::Tell { news: news.clone() }].into(),
        };
        Batch {
            entries: news.iter().map(|news| (id, entry(news))).collect(),
            escalations: vec![escalation.into()],
            ..Batch::default()
        }
    }

    fn taken() -> News {
        News::Acknowledged { by: "aya".into() }
    }

    fn over(reason: Option<&str>) -> News {
        News::Recovered {
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_test_is_good_once_it_is_taken_and_bad_if_it_ends_before() {
        for (source, news, expected) in [
            ("rinban", vec![taken()], Some((true, "aya took it"))),
            (
                "rinban",
                vec![taken(), over(Some("the test is over"))],
                Some((true, "aya took it")),
            ),
            ("rinban", vec![over(Some("busy"))], Some((false, "busy"))),
            ("rinban", vec![over(None)], Some((false, "nobody took it"))),
            ("rinban", vec![News::Opened], None),
            ("zabbix", vec![taken(), over(None)], None),
        ] {
            let known = Known::of(&batch(source, 1, &news), None);
            let found = known
                .as_ref()
                .map(|known| (known.test.ok, known.test.text.as_str()));
            assert_eq!(found, expected, "{source} {news:?}");
        }
    }

    #[test]
    fn the_end_of_a_test_that_was_taken_in_an_earlier_turn_changes_nothing() {
        let first = Known::of(&batch("rinban", 1, &[taken()]), None).expect("decided");
        assert_eq!(
            Known::of(&batch("rinban", 1, &[over(None)]), Some(&first)),
            None
        );
        let second =
            Known::of(&batch("rinban", 2, &[over(None)]), Some(&first)).expect("another test");
        assert!(!second.test.ok);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let known = Known::of(&batch("rinban", 1, &[taken()]), None).expect("decided");
        let marks = known.mark().into_iter().collect();
        assert_eq!(Known::load(&marks), Some(known));
        assert_eq!(Known::load(&BTreeMap::new()), None);
    }
}
