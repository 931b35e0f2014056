//! What is written into a monitor: what happened and when, in the group's time.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::{
    alert::GroupName,
    notice::{Notice, text},
    roster::Language,
};

/// How lines are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// The language.
    pub language: Language,
    /// The time zone of each group.
    pub zones: BTreeMap<GroupName, TimeZone>,
    /// Of groups that are not configured.
    pub other_zone: TimeZone,
}

impl Style {
    /// What happened, such as `aya has taken it.`
    pub(super) fn news(&self, notice: &Notice) -> String {
        text::news(&notice.news, self.language)
    }

    /// When it happened, such as `2025-11-22 10:09 +09:00`. What is written may arrive hours later.
    pub(super) fn when(&self, notice: &Notice) -> String {
        let zone = self.zones.get(&notice.group).unwrap_or(&self.other_zone);
        let zoned = notice.at.to_zoned(zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M %:z").to_string()
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;

    /// English, and Tokyo's time for the group `db`.
    pub(in crate::monitor) fn style() -> Style {
        let tokyo = TimeZone::get("Asia/Tokyo").expect("is bundled");
        Style {
            language: Language::En,
            zones: [("db".into(), tokyo)].into(),
            other_zone: TimeZone::UTC,
        }
    }
}
