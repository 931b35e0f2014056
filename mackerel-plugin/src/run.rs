//! Which role the program plays: by its name, then by its first argument.

use std::{ffi::OsString, path::Path, process::ExitCode};

use crate::{check, metrics, notify, output};
use rinban::plugin;

/// The help.
pub(crate) const USAGE: &str = include_str!("usage.txt");

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Metrics,
    Notify,
    Check,
    Core,
    Help,
    Version,
}

/// Runs the program with its arguments, its own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let (role, taken) = role(&args);
    let rest = args.iter().skip(taken).cloned();
    match role {
        Role::Metrics => metrics::run(rest),
        Role::Notify => notify::run(rest),
        Role::Check => check::run(rest),
        Role::Core => plugin::run_core(for_the_core(args)),
        Role::Help => {
            output::say(USAGE);
            ExitCode::SUCCESS
        }
        Role::Version => {
            output::say(concat!(
                "mackerel-plugin-rinban ",
                env!("CARGO_PKG_VERSION"),
                "\n"
            ));
            ExitCode::SUCCESS
        }
    }
}

/// The role, and how many arguments it takes up. Any word that is not ours is a subcommand of the core, so that an
/// installation of one file has them all.
fn role(args: &[OsString]) -> (Role, usize) {
    let name = args.first().map(Path::new).and_then(Path::file_name);
    let is_named = |wanted: &str| name.is_some_and(|name| name == wanted);
    if is_named("check-rinban") {
        return (Role::Check, 1);
    }
    if is_named("rinban") {
        return (Role::Core, 0);
    }
    match args.get(1).map(|arg| arg.to_string_lossy()).as_deref() {
        None => (Role::Metrics, 1),
        Some("notify") => (Role::Notify, 2),
        Some("check") => (Role::Check, 2),
        Some("metrics") => (Role::Metrics, 2),
        Some("--help" | "-h") => (Role::Help, 2),
        Some("--version" | "-V") => (Role::Version, 2),
        Some(word) if word.starts_with('-') => (Role::Metrics, 1),
        Some(_) => (Role::Core, 0),
    }
}

/// `check` is the check plugin here, so `rinban check` has another name.
fn for_the_core(mut args: Vec<OsString>) -> Vec<OsString> {
    let program = args.first().map(Path::new).and_then(Path::file_name);
    let is_rinban = program.is_some_and(|name| name == "rinban");
    if let Some(word) = args
        .get_mut(1)
        .filter(|word| !is_rinban && *word == "check-config")
    {
        *word = "check".into();
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_of_the_configuration_has_a_name_of_its_own() {
        let args = |program: &str, word: &str| vec![OsString::from(program), word.into()];
        for (given, expected) in [
            (args("mackerel-plugin-rinban", "check-config"), "check"),
            (args("mackerel-plugin-rinban", "serve"), "serve"),
            (args("/usr/bin/rinban", "check-config"), "check-config"),
        ] {
            assert_eq!(for_the_core(given)[1], expected);
        }
    }

    #[test]
    fn name_and_first_argument_choose_the_role() {
        for (args, expected) in [
            (
                ["/opt/bin/mackerel-plugin-rinban"].as_slice(),
                (Role::Metrics, 1),
            ),
            (
                &["mackerel-plugin-rinban", "--config", "x"],
                (Role::Metrics, 1),
            ),
            (
                &["mackerel-plugin-rinban", "notify", "--check", "x"],
                (Role::Notify, 2),
            ),
            (
                &["mackerel-plugin-rinban", "check", "-w", "1"],
                (Role::Check, 2),
            ),
            (&["mackerel-plugin-rinban", "serve"], (Role::Core, 0)),
            (&["mackerel-plugin-rinban", "oncall"], (Role::Core, 0)),
            (&["/opt/bin/check-rinban", "-w", "1"], (Role::Check, 1)),
            (&["mackerel-plugin-rinban", "check-config"], (Role::Core, 0)),
            (&["rinban", "notify"], (Role::Core, 0)),
        ] {
            let args: Vec<OsString> = args.iter().map(Into::into).collect();
            assert_eq!(role(&args), expected, "{args:?}");
        }
    }
}
