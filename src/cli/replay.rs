//! `rinban replay`: folds a journal again and compares what it leads to with what is stored (P11).

use std::io::Write;

use super::{ConfigArg, Failure, journal};
use crate::{
    escalation::{Escalation, EscalationId},
    store::Reader,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The escalation's number
    id: u64,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let mut store = Reader::open(&args.config.load()?.state_dir)?;
    let id = EscalationId(args.id);
    let stored = store.escalation(id)?;
    let entries = journal::read(&mut store, id)?;
    for entry in &entries {
        writeln!(out, "{entry}")?;
    }
    let replayed =
        Escalation::replay(id, &entries).map_err(|error| Failure::World(error.to_string()))?;
    if stored.as_ref() == Some(&replayed) {
        writeln!(
            out,
            "escalation {id}: {} entries lead to the state that is stored",
            entries.len()
        )?;
        return Ok(());
    }
    // A core that is at work may have gone on between the two reads.
    Err(Failure::World(format!(
        "escalation {id}: the replay leads to another state than the one stored; if a core is at work on it, try again"
    )))
}
