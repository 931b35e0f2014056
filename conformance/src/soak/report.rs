//! What the command prints.

use std::{fmt::Write as _, fs, time::Duration};

use super::{
    check::{Broken, Check},
    kind::Kind,
    run::Job,
    shrink::Shrunk,
    tally::{State, Tally},
};

/// Of a long log so many lines are shown, the last ones.
const LINES: usize = 200;

/// Sums, checks, coverage and the trace.
pub fn summary(tally: &Tally, took: Duration) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: u64| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<34}{value:>14}");
    };
    line("worlds", tally.worlds);
    line("alerts", tally.alerts);
    line("escalations", tally.escalations);
    line("calls requested", tally.calls);
    line("calls made", tally.made);
    line("turns of the core", tally.turns);
    line("journal entries", tally.entries);
    line("crashes and takeovers", tally.crashes);
    line("taken by key", tally.taken);
    line("attempts in doubt", tally.doubts);
    line("duplicate calls from these", tally.duplicates);
    line("other overlaps, all explained", tally.overlaps);
    line("probes of carriers", tally.probes);
    let _ = writeln!(text, "\n{}\n{}", checks(tally), coverage(tally));
    let _ = writeln!(text, "trace {:016x}", tally.trace);
    let _ = writeln!(text, "{}", time(tally, took));
    text
}

/// How long it took, and how much of the processors.
fn time(tally: &Tally, took: Duration) -> String {
    let wall = took.as_secs_f64();
    let mut text = format!("{wall:.1} s");
    if let Some(cpu) = cpu_secs() {
        let per_call = cpu * 1e6 / (tally.calls.max(1) as f64);
        let _ = write!(
            text,
            ", {cpu:.1} s of CPU, {per_call:.2} us of CPU for each call"
        );
    }
    text
}

/// Seconds of CPU that this process has used so far, where the system says so (Linux, proc(5): fields 14 and 15, in
/// hundredths).
fn cpu_secs() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn checks(tally: &Tally) -> String {
    let mut text = String::from("looked at       promise\n");
    for check in Check::ALL {
        let times = tally.checked[*check as usize];
        let _ = writeln!(text, "{times:>14}  {}", check.text());
    }
    text
}

/// Which fault met which state how often.
fn coverage(tally: &Tally) -> String {
    let mut text = format!("{:<18}", "met, while it");
    for state in State::ALL {
        let _ = write!(text, "{:>10}", state.as_str());
    }
    text.push('\n');
    for kind in Kind::ALL {
        let _ = write!(text, "{:<18}", kind.as_str());
        for state in State::ALL {
            let _ = match tally.met.of(*kind, state) {
                0 => write!(text, "{:>10}", "."),
                times => write!(text, "{times:>10}"),
            };
        }
        text.push('\n');
    }
    text
}

/// The promises that were never looked at; a run that has not met them has shown nothing of them.
pub fn never_checked(tally: &Tally) -> Vec<Check> {
    let never = |check: &&Check| tally.checked[**check as usize] == 0;
    Check::ALL.iter().filter(never).copied().collect()
}

/// A failure: what, how it came about, and how to see it again.
pub fn failure(job: &Job, world: u64, broken: &Broken, shrunk: Option<&Shrunk>) -> String {
    let again = command(job, world);
    let Some(shrunk) = shrunk else {
        return format!(
            "BROKEN in world {world} of seed {}: {broken}\n\nsee it again: {again}\n",
            job.seed
        );
    };
    let tape = std::env::temp_dir().join(format!("conformance-soak-{}-{world}.tape", job.seed));
    let mut text = log(&shrunk.log);
    let _ = writeln!(
        text,
        "\nBROKEN in world {world} of seed {}: {}",
        job.seed, shrunk.broken
    );
    let left = shrunk.draws.iter().filter(|draw| **draw != 0).count();
    let _ = writeln!(
        text,
        "shrunk from {} draws to {}, {left} of which are not zero",
        shrunk.from,
        shrunk.draws.len()
    );
    let _ = match fs::write(&tape, super::file::write(&shrunk.draws)) {
        Ok(()) => writeln!(text, "see it again: {again} --tape {}", tape.display()),
        Err(error) => writeln!(text, "(the tape is not kept: {error})"),
    };
    let _ = writeln!(text, "the whole of it: {again}");
    text
}

/// What happened, the end of it if it is long.
pub fn log(lines: &[String]) -> String {
    let skipped = lines.len().saturating_sub(LINES);
    let mut text = match skipped {
        0 => String::new(),
        skipped => format!("({skipped} lines before these)\n"),
    };
    text.push_str(&lines[skipped..].join("\n"));
    text.push('\n');
    text
}

/// The command that makes this world again.
fn command(job: &Job, world: u64) -> String {
    let mut text = format!("conformance soak --seed {} --world {world}", job.seed);
    if job.escalations > 0 {
        let _ = write!(text, " --escalations {}", job.escalations);
    }
    for (kind, of_one) in job.rates.given() {
        let _ = write!(text, " --rates {kind}={of_one}");
    }
    if let Some(plant) = job.plant {
        let _ = write!(text, " --plant {plant}");
    }
    text
}
