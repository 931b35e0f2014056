//! Lists of calls and messages: pages, newest first.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::exchange::Api;
use crate::escalation::Fault;

/// How many calls or messages are on a page.
pub(super) const PAGE_SIZE: &str = "50";

/// No more pages are looked at than this.
pub(super) const MAX_PAGES: usize = 4;

/// `date_created` has whole seconds, and clocks differ a little.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(2);

/// A page of a list.
pub(super) trait Page: DeserializeOwned {
    /// What it lists.
    type Item;

    /// What stands on it, and where the next page is.
    fn turn(self) -> (Vec<Self::Item>, Option<String>);

    /// When something was created, if it says so.
    fn created_at(item: &Self::Item) -> Option<Timestamp>;
}

impl Api {
    /// Hands page after page to `pick`, with what was created at `since` or later, until it has found what it looks for, or what
    /// follows is older.
    pub(super) async fn walk<P: Page, T>(
        &self,
        mut url: String,
        since: Timestamp,
        mut pick: impl FnMut(Vec<(Timestamp, P::Item)>) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let since = since.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        for _ in 0..MAX_PAGES {
            let (items, next) = self.read::<P>(&url).await?.turn();
            let oldest = items.last().and_then(P::created_at);
            let recent = items
                .into_iter()
                .filter_map(|item| Some((P::created_at(&item)?, item)))
                .filter(|(created_at, _)| *created_at >= since);
            if let Some(picked) = pick(recent.collect()) {
                return Ok(Some(picked));
            }
            match next {
                Some(next) if oldest.is_none_or(|oldest| oldest >= since) => {
                    url = self.next_page(&next)?;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}
