//! The metric plugin: `name<TAB>value<TAB>epoch` lines, or the graphs' description when the agent asks for it.
//!
//! Totals become counts per minute. The values of the last run are kept in the state directory and not in
//! `MACKEREL_PLUGIN_WORKDIR`, where everybody may write; where the state cannot be kept, the gauges are still printed.

pub mod graphs;
pub mod rates;

use std::{env, ffi::OsString, fmt::Write, path::Path, process::ExitCode, time::Duration};

use jiff::Timestamp;

use crate::{
    flags::{Flag, FlagError, Flags},
    health::{self, Health},
    output::{complain, say},
};
use rates::Totals;
use rinban::plugin::{self, CoreError};

const KNOWN: [Flag; 2] = [Flag::long("config"), Flag::long("metric-key-prefix")];

/// The agent gives up after 30 s.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Prints metrics; exit status 1 and a line on standard error if the core does not answer, 2 for wrong options.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (flags, prefix) = match options(args) {
        Ok(options) => options,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    // A normal run has the variable too, but empty.
    if env::var_os("MACKEREL_AGENT_PLUGIN_META").is_some_and(|meta| !meta.is_empty()) {
        say(&graphs::meta(&prefix));
        return ExitCode::SUCCESS;
    }
    match collect(flags.get("config").map(Path::new), &prefix) {
        Ok(lines) => {
            say(&lines);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn options(args: impl IntoIterator<Item = OsString>) -> Result<(Flags, String), FlagError> {
    let flags = Flags::parse(&KNOWN, args)?;
    let prefix = flags
        .get("metric-key-prefix")
        .unwrap_or("rinban")
        .to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if prefix.is_empty() || !prefix.chars().all(is_name) {
        return Err(FlagError::Value {
            flag: "metric-key-prefix",
            value: prefix,
            remedy: "use letters, digits, `-`, `_` and `.`",
        });
    }
    Ok((flags, prefix))
}

fn collect(config: Option<&Path>, prefix: &str) -> Result<String, CoreError> {
    let settings = plugin::settings(config)?;
    let health = health::ask(health::address(&settings.config_path), TIMEOUT)?;
    let now = Timestamp::now();
    let totals = Totals::new(&health, now);
    let path = settings.state_dir.join("mackerel").join("metrics.json");
    let before = rates::load(&path);
    rates::save(&path, &totals);
    Ok(lines(prefix, &health, &totals, before.as_ref(), now))
}

/// One line for each metric.
fn lines(
    prefix: &str,
    health: &Health,
    totals: &Totals,
    before: Option<&Totals>,
    now: Timestamp,
) -> String {
    let mut lines = String::new();
    let mut line = |graph: &str, name: &str, value: f64| {
        let _ = writeln!(
            lines,
            "{prefix}.{graph}.{name}\t{value}\t{}",
            now.as_second()
        );
    };
    for graph in graphs::GRAPHS {
        for metric in graph.metrics {
            let value = match metric.value {
                graphs::Value::Now(value) => Some(value(health) as f64),
                graphs::Value::PerMinute(total) => {
                    before.and_then(|before| totals.per_minute_since(before, total))
                }
            };
            if let Some(value) = value {
                line(graph.name, metric.name, value);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a timestamp")
    }

    #[test]
    fn totals_are_printed_per_minute_once_there_is_a_run_before() {
        let first = Health {
            live_calls: 2,
            calls_placed_total: 10,
            ..Health::default()
        };
        let second = Health {
            uptime_secs: 60,
            calls_placed_total: 13,
            ..first.clone()
        };
        let before = Totals::new(&first, at(60));
        let alone = lines("rinban", &first, &before, None, at(60));
        assert!(alone.contains("rinban.open.calls\t2\t60\n"), "{alone}");
        assert!(!alone.contains("placed"), "{alone}");
        let after = lines(
            "rinban",
            &second,
            &Totals::new(&second, at(120)),
            Some(&before),
            at(120),
        );
        assert!(after.contains("rinban.calls.placed\t3\t120\n"), "{after}");
    }

    #[test]
    fn a_prefix_that_is_no_name_is_refused() {
        let parse = |prefix: &str| options(["--metric-key-prefix".into(), prefix.into()]);
        assert!(parse("a b").is_err());
        assert!(parse("").is_err());
        assert_eq!(parse("night.rinban").expect("a prefix").1, "night.rinban");
    }
}
