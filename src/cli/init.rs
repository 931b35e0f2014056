//! `rinban init`: a configuration to begin with.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::Failure;

/// Works as it stands; what follows `#` without a blank is a key that may be used.
const BEGINNING: &str = include_str!("init.toml");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write it; its directory is made if it is missing
    #[arg(default_value = "rinban.toml")]
    path: PathBuf,
}

pub(super) fn run(args: Args, out: &mut dyn Write) -> Result<(), Failure> {
    let path = args.path;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(|error| {
            Failure::World(format!(
                "cannot make the directory {}: {error}",
                dir.display()
            ))
        })?;
    }
    let mut file = File::create_new(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::World(format!(
            "{} exists and is left as it is; name another file",
            path.display()
        )),
        _ => Failure::World(format!("cannot create {}: {error}", path.display())),
    })?;
    file.write_all(text_for(&path).as_bytes())
        .map_err(|error| Failure::World(format!("cannot write {}: {error}", path.display())))?;
    writeln!(
        out,
        "wrote {0}; see who is on call with: rinban oncall --config {0}",
        path.display()
    )?;
    Ok(())
}

/// A file of the system keeps its state where the system keeps state; any other keeps it beside itself.
fn text_for(path: &Path) -> String {
    let is_of_system = std::path::absolute(path).is_ok_and(|path| path.starts_with("/etc"));
    let line = if is_of_system {
        "state_dir = \"/var/lib/rinban\""
    } else {
        "state_dir = \"rinban-state\""
    };
    BEGINNING.replace("state_dir = \"@\"", line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn check(text: &str) -> Config {
        let environment = |name: &str| {
            let value = match name {
                "SLACK_WEBHOOK_URL" | "RINBAN_HEARTBEAT_URL" => "https://hooks.example.com/x",
                _ => "hunter2",
            };
            Some(value.to_owned())
        };
        Config::parse_with(text, Path::new("/opt/rinban.toml"), &environment)
            .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
    }

    #[test]
    fn the_beginning_works_as_it_stands() {
        let config = Config::parse(
            &text_for(Path::new("/opt/rinban.toml")),
            Path::new("/opt/rinban.toml"),
        );
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(config.state_dir, Path::new("/opt/rinban-state"));
        let etc = check(&text_for(Path::new("/etc/rinban/rinban.toml")));
        assert_eq!(etc.state_dir, Path::new("/var/lib/rinban"));
    }

    #[test]
    fn every_key_that_the_beginning_offers_can_be_used() {
        let used: Vec<_> = BEGINNING
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key) if key.starts_with(|c: char| c != ' ') => key,
                _ => line,
            })
            .collect();
        let config = check(&used.join("\n"));
        assert_eq!(config.providers.len(), 2);
        assert_eq!(config.receivers.len(), 1);
        assert_eq!(config.handoff.cores.len(), 2);
    }
}
