//! The numbers to hold: `cargo bench --bench numbers [-- NAME...]`.
//!
//! Every figure is a ratio to a reference that is measured in the same run, turn by turn in an order that is shuffled
//! anew in each round: the references say how fast the machine is just now. Absolute figures are only context. Where no
//! reference exists, the goal is absolute. `-- gate` checks only what holds on any machine, however busy, and fails if it does
//! not; the others never fail a build.
//!
//! It needs nothing but a Rust toolchain. What else it can be compared with is used where it is installed: `openssl`,
//! `python3` with requests. With `RINBAN_VALIDATORS=1`, the official signature validators are fetched with npm and pip.

mod calls;
mod drain;
mod gate;
mod handoff;
mod host;
mod ingest;
mod programs;
mod report;
mod rounds;
mod signatures;
mod storm;

use std::process::ExitCode;

use report::Row;

type Figure = (&'static str, fn() -> Vec<Row>);

/// In the order of the way that an event takes.
const FIGURES: [Figure; 7] = [
    ("handoff", handoff::figure),
    ("storm", storm::figure),
    ("drain", drain::figure),
    ("ingest", ingest::figure),
    ("kill", ingest::kill_figure),
    ("calls", calls::figure),
    ("signatures", signatures::figure),
];

fn main() -> ExitCode {
    // Cargo adds `--bench` of its own.
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    names.retain(|name| name != "--bench");
    match names.first().map(String::as_str) {
        Some("gate") => return gate::gate(),
        Some(ingest::ECHO) => return ingest::serve_echo(),
        _ => {}
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| FIGURES.iter().all(|(known, _)| known != name))
    {
        let known: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
        eprintln!(
            "no figure {unknown:?}; there are gate, {}",
            known.join(", ")
        );
        return ExitCode::from(2);
    }
    let mut rows = Vec::new();
    for (name, figure) in FIGURES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            eprintln!("{name} ...");
            rows.extend(figure());
        }
    }
    print!("{}", report::table(&rows));
    ExitCode::SUCCESS
}
