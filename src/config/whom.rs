//! Groups that no file names: `member:NAME` is a group of one, and `test:GROUP` is a group that is being tested.
//!
//! A test has a group of its own so that a real alert never joins a test call: whoever takes the test would take the
//! alert unheard. Both end up in the journal as they stand, so that a replay and a restart call the same people.

use std::borrow::Cow;

use super::{Config, Group};
use crate::{alert::GroupName, roster::Roster};

/// What stands before the name of a person in the name of a group of one.
pub const MEMBER: &str = "member:";

/// What stands before the name of a group that is being tested.
pub const TEST: &str = "test:";

/// The beginnings that no group of a file may have.
pub(super) const RESERVED: [&str; 2] = [MEMBER, TEST];

impl Config {
    /// Whom the alerts of this group concern: the group of that name; one person, with the policy of the default group;
    /// or, for a name that means nothing, the default group, so that no page is lost by a typing error.
    pub fn whom(&self, name: &GroupName) -> Cow<'_, Group> {
        self.find(untested(name.as_str()))
            .unwrap_or_else(|| Cow::Borrowed(&self.groups[&self.default_group]))
    }

    /// Whether the name means a group or a person of this configuration.
    pub fn knows(&self, name: &GroupName) -> bool {
        self.find(untested(name.as_str())).is_some()
    }

    fn find(&self, name: &str) -> Option<Cow<'_, Group>> {
        if let Some(group) = self.groups.get(name) {
            return Some(Cow::Borrowed(group));
        }
        let (member, _) = self.members.get_key_value(name.strip_prefix(MEMBER)?)?;
        let default = &self.groups[&self.default_group];
        let zone = default.roster.zone().clone();
        Some(Cow::Owned(Group {
            roster: Roster::new(vec![member.clone()]).in_zone(zone),
            policy: default.policy.clone(),
        }))
    }
}

/// The name of the group that a test is about; any other as it is.
pub(super) fn untested(name: &str) -> &str {
    name.strip_prefix(TEST).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;

    use super::*;

    fn config() -> Config {
        let text = "default_group = 'web'\n[[providers]]\nname = 'sim'\nkind = 'simulated'\n\
            [members.aya]\nnumber = '+819000000001'\n[members.ben]\nnumber = '+819000000002'\n\
            [policies.default]\nmax_rounds = 7\n[policies.db]\nmax_rounds = 9\n\
            [groups.web]\nmembers = ['aya']\n[groups.db]\nmembers = ['ben', 'aya']\npolicy = 'db'";
        Config::parse(text, Path::new("rinban.toml")).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn a_name_means_a_group_or_a_person_and_else_the_default_group() {
        for (name, known, members, rounds) in [
            ("web", true, "aya", 7),
            ("db", true, "ben aya", 9),
            ("test:db", true, "ben aya", 9),
            ("member:ben", true, "ben", 7),
            ("test:member:ben", true, "ben", 7),
            ("member:zoe", false, "aya", 7),
            ("member:", false, "aya", 7),
            ("test:zoe", false, "aya", 7),
            ("test:test:db", false, "aya", 7),
            ("ben", false, "aya", 7),
        ] {
            let config = config();
            let group = config.whom(&name.into());
            let order = group.roster.order_at(Timestamp::UNIX_EPOCH);
            let order: Vec<_> = order.iter().map(|member| member.as_str()).collect();
            assert_eq!(order.join(" "), members, "{name}");
            assert_eq!(group.policy.max_rounds, Some(rounds), "{name}");
            assert_eq!(config.knows(&name.into()), known, "{name}");
        }
    }
}
