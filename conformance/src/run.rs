//! `conformance run`: plays the carrier against a handler of its webhooks, and tells what holds. In reading order:
//!
//! * [`case`]: what a case is; [`cases`]: all of them, one file for each family;
//! * [`variation`] and [`forge`]: genuine requests of unusual shapes, and forged ones;
//! * [`line`], [`outbound`], [`observer`]: where calls come from, and who tells what became of them;
//! * [`stage`]: what a case has at hand; [`play`]: plays it;
//! * [`report`]: what is told; [`settings`]: what the user wrote, checked.

pub mod case;
pub mod cases;
pub mod forge;
pub mod line;
pub mod observer;
pub mod outbound;
pub mod play;
mod progress;
pub mod report;
pub mod select;
pub mod settings;
pub mod stage;
pub mod variation;

use std::{
    io::{self, Write},
    time::Instant,
};

use crate::status::Status;
use case::Stop;
use play::play;
use progress::Progress;
use report::{CaseResult, Report, Target, WriteError};
pub use settings::Args;
use settings::{SettingError, Settings, Subject};
use stage::Stage;

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error(transparent)]
    Report(#[from] WriteError),
    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),
    #[error("the result cannot be told: {0}")]
    Output(#[from] io::Error),
}

impl Trouble {
    fn status(&self) -> Status {
        match self {
            Self::Setting(_) | Self::Report(WriteError::Read(..) | WriteError::NoReport(..)) => {
                Status::Usage
            }
            Self::Unreachable(..) => Status::Unreachable,
            Self::Report(_) | Self::Runtime(_) | Self::Output(_) => Status::Internal,
        }
    }
}

/// Runs it.
pub fn main(args: Args) -> Status {
    let mut out = io::stdout().lock();
    match run(args, &mut out) {
        Ok(status) => status,
        // Whoever pipes into `head` has seen enough, but what was not told to its end has not passed.
        Err(Trouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Status::Internal
        }
        Err(trouble) => {
            eprintln!("conformance run: {trouble}");
            trouble.status()
        }
    }
}

fn run(args: Args, out: &mut dyn Write) -> Result<Status, Trouble> {
    if args.list || args.explain.is_some() {
        return tell(&args, out);
    }
    if !args.merge.is_empty() {
        return merge(&args, out);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Trouble::Runtime)?;
    let report = runtime.block_on(async {
        let settings = Settings::new(&args).await?;
        play_all(settings, out).await
    })?;
    finish(&args, &report, out)
}

/// `--list` and `--explain`: nothing is played.
fn tell(args: &Args, out: &mut dyn Write) -> Result<Status, Trouble> {
    match &args.explain {
        Some(pattern) => {
            let patterns = [pattern.clone()];
            settings::check_patterns(&patterns)?;
            report::explain(&select::select(&patterns), out)?;
        }
        None => {
            settings::check_patterns(&args.ids)?;
            report::list(&select::select(&args.ids), out)?;
        }
    }
    Ok(Status::Passed)
}

/// Reports of several runs become one.
fn merge(args: &Args, out: &mut dyn Write) -> Result<Status, Trouble> {
    let mut merged: Option<Report> = None;
    for path in &args.merge {
        let report = report::read_json(path)?;
        match &mut merged {
            Some(merged) => merged.targets.extend(report.targets),
            None => merged = Some(report),
        }
    }
    let Some(mut report) = merged else {
        return Ok(Status::Usage);
    };
    report.strict |= args.strict;
    finish(args, &report, out)
}

fn finish(args: &Args, report: &Report, out: &mut dyn Write) -> Result<Status, Trouble> {
    if let Some(path) = &args.json {
        report::write_json(path, report)?;
    }
    if let Some(path) = &args.junit {
        report::junit(path, report)?;
    }
    if let Some(path) = &args.html {
        report::html(path, report)?;
    }
    report::write_summary(report, out)?;
    Ok(match report.has_failed() {
        true => Status::Failed,
        false => Status::Passed,
    })
}

async fn play_all(settings: Settings, out: &mut dyn Write) -> Result<Report, Trouble> {
    let mut targets = Vec::new();
    for subject in &settings.subjects {
        reach(subject).await?;
        targets.push(play_one(subject, &settings, out).await?);
    }
    Ok(Report {
        form: report::FORM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: settings.seed,
        strict: settings.strict,
        targets,
    })
}

/// One genuine request, to see whether anybody is there; where the system places the calls, one call.
async fn reach(subject: &Subject) -> Result<(), Trouble> {
    let unreachable = |why: String| Err(Trouble::Unreachable(subject.url.clone(), why));
    let stage = Stage::new("sig/plain", &subject.kit);
    let line = match stage.line().await {
        Ok(line) => line,
        Err(Stop::Skip(why)) => return unreachable(why),
        Err(Stop::Fail(failure)) => return unreachable(failure.actual),
    };
    let exchange = stage.knock(&line).await;
    stage.settle().await;
    subject
        .kit
        .is_slow
        .set(exchange.times.done > subject.kit.patience);
    match &exchange.result {
        Err(error) if error.is_unreachable() || exchange.received.is_empty() => {
            unreachable(error.to_string())
        }
        _ => Ok(()),
    }
}

async fn play_one(
    subject: &Subject,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<Target, Trouble> {
    writeln!(out, "{} {}", subject.name, subject.url)?;
    let start = Instant::now();
    let mut progress = Progress::new(settings.cases.len());
    let mut cases = Vec::new();
    for case in &settings.cases {
        progress.begin(case.id);
        let played = play(case, &subject.kit).await;
        let result = CaseResult::new(&played, &settings.secrets);
        progress.clear();
        report::write_case(&result, out)?;
        cases.push(result);
    }
    let target = Target {
        name: subject.name.clone(),
        url: subject.url.clone(),
        duration_ms: report::millis(start.elapsed()),
        cases,
    };
    report::write_failures(&target, out)?;
    Ok(target)
}
