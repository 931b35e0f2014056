//! Folding a journal again.

use super::{Effect, Escalation, EscalationId, Input, journal::Entry};

/// Why a journal does not lead to a state.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    /// There is nothing to fold.
    #[error("the journal of escalation {0} is empty")]
    Empty(EscalationId),
    /// The first entry must open the escalation.
    #[error("the journal of escalation {0} does not begin with its opening")]
    NotOpened(EscalationId),
    /// Today's rules decide otherwise than the journal says, or the journal was changed.
    #[error("entry {number} of escalation {escalation} says `{journal}`, the replay `{replay}`")]
    Diverged {
        /// Whose journal.
        escalation: EscalationId,
        /// Which entry.
        number: u32,
        /// What stands in the journal.
        journal: Box<Entry>,
        /// What the replay decided.
        replay: String,
    },
}

impl Escalation {
    /// Folds a journal into the state it leads to, and checks that each entry's effects are what its input leads to.
    pub fn replay(id: EscalationId, journal: &[Entry]) -> Result<Self, ReplayError> {
        let (first, rest) = journal.split_first().ok_or(ReplayError::Empty(id))?;
        let Input::Opened { group, headline } = &first.input else {
            return Err(ReplayError::NotOpened(id));
        };
        let (mut escalation, step) = Self::open(id, first.at, group.clone(), headline.clone());
        agree(id, first, Some((escalation.last_entry, &step.effects)))?;
        let mut effects = Vec::new();
        for entry in rest {
            effects.clear();
            let number = escalation.fold(entry.at, &entry.input, &mut effects);
            agree(id, entry, number.map(|number| (number, &*effects)))?;
        }
        Ok(escalation)
    }
}

/// Whether the replay comes to the entry that stands in the journal, by its number and effects.
fn agree(
    escalation: EscalationId,
    journal: &Entry,
    replay: Option<(u32, &[Effect])>,
) -> Result<(), ReplayError> {
    if replay == Some((journal.number, &journal.effects)) {
        return Ok(());
    }
    let entry = |(number, effects): (u32, &[Effect])| Entry {
        number,
        effects: effects.into(),
        ..journal.clone()
    };
    Err(ReplayError::Diverged {
        escalation,
        number: journal.number,
        journal: Box::new(journal.clone()),
        replay: replay.map_or_else(
            || "no change".to_owned(),
            |replay| entry(replay).to_string(),
        ),
    })
}
