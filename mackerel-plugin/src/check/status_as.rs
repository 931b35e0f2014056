//! `--status-as`: what a status is reported as, such as `critical=warning,unknown=critical`.

use super::verdict::CheckStatus;
use crate::flags::FlagError;

/// Four statuses and what each is reported as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusAs([Option<CheckStatus>; 4]);

impl StatusAs {
    /// Reads `from=to,...` in any case. The same `from` twice and a trailing comma are errors, as in the official plugins.
    pub fn parse(text: &str) -> Result<Self, FlagError> {
        let refused = || FlagError::Value {
            flag: "status-as",
            value: text.to_owned(),
            remedy: "write it like critical=warning,unknown=critical, each status once",
        };
        let mut map = Self::default();
        for pair in text.split(',') {
            let (from, to) = pair.split_once('=').ok_or_else(refused)?;
            let from = CheckStatus::parse(from).ok_or_else(refused)?;
            let to = CheckStatus::parse(to).ok_or_else(refused)?;
            if map.0[from as usize].replace(to).is_some() {
                return Err(refused());
            }
        }
        Ok(map)
    }

    /// What a status is reported as.
    pub fn apply(self, status: CheckStatus) -> CheckStatus {
        self.0[status as usize].unwrap_or(status)
    }
}

#[cfg(test)]
mod tests {
    use CheckStatus::{Critical, Ok, Unknown, Warning};

    use super::*;

    #[test]
    fn statuses_are_mapped_once_each() {
        let map = StatusAs::parse("Critical=WARNING, unknown=critical").expect("a map");
        for (from, to) in [
            (Ok, Ok),
            (Warning, Warning),
            (Critical, Warning),
            (Unknown, Critical),
        ] {
            assert_eq!(map.apply(from), to);
        }
        for wrong in [
            "",
            "ok",
            "ok=warning,",
            "ok=warning,OK=critical",
            "bad=ok",
            "ok=bad",
        ] {
            assert!(StatusAs::parse(wrong).is_err(), "{wrong}");
        }
    }
}
