//! `rinban journal`: what an escalation saw and decided.

use std::io::Write;

use super::{ConfigArg, Failure};
use crate::{
    escalation::{Entry, EscalationId},
    store::{Reader, StoreError},
};

/// How many escalations are listed.
const LISTED: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The escalation's number [default: list the last escalations]
    id: Option<u64>,
    /// One JSON object per entry
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let mut store = Reader::open(&args.config.load()?.state_dir)?;
    let Some(id) = args.id.map(EscalationId) else {
        return list(&mut store, out);
    };
    for entry in read(&mut store, id)? {
        if args.json {
            let json =
                serde_json::to_string(&entry).map_err(|error| Failure::World(error.to_string()))?;
            writeln!(out, "{json}")?;
        } else {
            writeln!(out, "{entry}")?;
        }
    }
    Ok(())
}

fn list(store: &mut Reader, out: &mut dyn Write) -> Result<(), Failure> {
    for escalation in store.escalations(LISTED)? {
        let open = escalation.counts.open;
        writeln!(
            out,
            "{:>6}  {}  {open} {} open  {}",
            escalation.id,
            escalation.group,
            if open == 1 { "alert" } else { "alerts" },
            escalation.headline.title
        )?;
    }
    Ok(())
}

/// The journal of an escalation, which must exist.
pub(super) fn read(store: &mut Reader, id: EscalationId) -> Result<Vec<Entry>, Failure> {
    let entries = store.journal(id)?;
    if entries.is_empty() {
        return Err(Failure::Usage(format!(
            "there is no escalation {id}; `rinban journal` lists the last ones"
        )));
    }
    Ok(entries)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::World(error.to_string())
    }
}
