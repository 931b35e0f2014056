//! Looks at everything that a verdict needs.

use std::{
    fs, io,
    net::TcpStream,
    path::Path,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use rinban::{
    config::{Config, ProviderConfig, ProviderKind},
    handoff::Settings,
};
use url::Url;

use super::verdict::{Configuration, Core, Seen};
use crate::{health, output::one_line};
use rinban::plugin::{self, CoreError};

/// How far ahead a gap of the roster is told.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Looks. Fails only if nobody can tell where to look.
pub(super) fn look(
    config: Option<&Path>,
    timeout: Duration,
    public: bool,
) -> Result<Seen, CoreError> {
    let settings = plugin::settings(config)?;
    let now = Timestamp::now();
    let (configuration, public_url) = configuration(&settings.config_path, now);
    let core = core(&settings, timeout / 2);
    let asks = public && matches!(core, Core::Runs(_));
    Ok(Seen {
        oldest_event: oldest(&settings.spool.join("new")).map_err(|error| {
            format!(
                "the spool {} cannot be read: {error}",
                settings.spool.display()
            )
        }),
        public: public_url.filter(|_| asks).map(|url| {
            let answer = plugin::reach(&format!("{url}/health"), timeout / 4);
            (url, answer)
        }),
        remote: settings
            .cores
            .iter()
            .map(|core| (core.url.clone(), connect(&core.url, timeout / 4)))
            .collect(),
        core,
        config: configuration,
        now,
    })
}

fn core(settings: &Settings, timeout: Duration) -> Core {
    if !settings.cores.is_empty() {
        return Core::Elsewhere;
    }
    match plugin::core_runs(settings) {
        Err(error) => Core::Unclear(one_line(&*error)),
        Ok(true) => {
            let address = health::address(&settings.config_path);
            match health::ask(address, timeout) {
                Ok(health) => Core::Runs(Box::new(health)),
                Err(error) => Core::Silent(one_line(&error)),
            }
        }
        Ok(false) if settings.start_core => match plugin::left_open(settings) {
            Ok(left_open) => Core::StartsWithNextEvent { left_open },
            Err(error) => Core::Unclear(one_line(&*error)),
        },
        Ok(false) => Core::Missing,
    }
}

/// The age of the oldest file.
fn oldest(new: &Path) -> io::Result<Option<Duration>> {
    let entries = match fs::read_dir(new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let now = SystemTime::now();
    let mut oldest = None;
    for entry in entries {
        // A file that the core takes while we look is not waiting.
        let Ok(written) = entry?.metadata().and_then(|file| file.modified()) else {
            continue;
        };
        let age = now.duration_since(written).unwrap_or_default();
        oldest = oldest.max(Some(age));
    }
    Ok(oldest)
}

/// Whether somebody listens there. What they say is seen by whoever hands an event over.
fn connect(url: &str, timeout: Duration) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let mut last = "it has no address".to_owned();
    for address in url
        .socket_addrs(|| None)
        .map_err(|error| error.to_string())?
    {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

/// Reads the configuration as the core would, but for secrets in environment variables: the core's environment is not
/// the agent's. With it comes the address at which carriers reach us, if one of them is real.
fn configuration(path: &Path, now: Timestamp) -> (Configuration, Option<String>) {
    let wrong = |what: String| (Configuration::Wrong(what), None);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return wrong(error.to_string()),
    };
    let environment = |name: &str| {
        std::env::var(name)
            .ok()
            .or_else(|| Some("https://not-set.invalid".to_owned()))
    };
    let config = match Config::parse_with(&text, path, &environment) {
        Ok(config) => config,
        Err(errors) => {
            let first = errors.0.first().map(ToString::to_string);
            return wrong(first.unwrap_or_default());
        }
    };
    let groups = |is_uncovered: &dyn Fn(&rinban::roster::Roster) -> bool| {
        config
            .groups
            .iter()
            .filter(|(_, group)| is_uncovered(&group.roster))
            .map(|(name, _)| name.to_string())
            .collect()
    };
    let is_real = |provider: &ProviderConfig| !matches!(provider.kind, ProviderKind::Simulated);
    let is_any_real = config.providers.iter().any(is_real);
    let valid = Configuration::Valid {
        uncovered: groups(&|roster| roster.order_at(now).is_empty()),
        soon_uncovered: groups(&|roster| roster.gaps(now, now + AHEAD).next().is_some()),
        is_practice: !is_any_real,
    };
    let public_url = is_any_real.then(|| config.server.public_url.to_string());
    (valid, public_url)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_oldest_event_counts() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(
            oldest(&dir.path().join("missing")).expect("no spool yet"),
            None
        );
        assert_eq!(oldest(dir.path()).expect("a spool"), None);
        for (name, age) in [("young", 5), ("old", 500), ("middle", 50)] {
            let written = SystemTime::now() - Duration::from_secs(age);
            fs::File::create(dir.path().join(name))
                .and_then(|file| file.set_modified(written))
                .expect("a file");
        }
        let age = oldest(dir.path()).expect("a spool").expect("an age");
        assert!((500..=502).contains(&age.as_secs()), "{age:?}");
    }

    #[test]
    fn a_remote_core_that_listens_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        assert_eq!(connect(&url, Duration::from_secs(1)), Ok(()));
        drop(listener);
        assert!(connect(&url, Duration::from_secs(1)).is_err());
        assert!(connect("nonsense", Duration::from_secs(1)).is_err());
    }
}
