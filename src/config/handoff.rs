//! `state_dir` and `[handoff]`: how plugins hand events over.
//!
//! Read in two ways: with the whole file, and alone by a plugin, which must not lose a page because of a mistake
//! elsewhere in the file.

use std::path::PathBuf;

use jiff::SignedDuration;

use super::{endpoint, reader::Section};
use crate::handoff::{RemoteCore, Settings};

/// Where state is kept unless the file says otherwise.
const STATE_DIR: &str = "/var/lib/rinban";

/// The bound on a hand-off unless the file says otherwise.
const DEADLINE: SignedDuration = SignedDuration::from_secs(5);

/// None only if a mistake leaves open where events go; any other is recorded, and the default stands in.
pub(super) fn settings(root: &Section<'_>) -> Option<Settings> {
    let state_dir = directory(root, "state_dir", PathBuf::from(STATE_DIR))?;
    let mut settings = Settings {
        config_path: root.reader().path.to_owned(),
        spool: state_dir.join("spool"),
        state_dir,
        cores: Vec::new(),
        start_core: true,
        deadline: DEADLINE.unsigned_abs(),
    };
    let Some(section) = root.section("handoff") else {
        return Some(settings);
    };
    let spool = directory(&section, "spool", settings.spool.clone());
    let cores = cores(&section);
    settings.start_core = section.flag("start_core").unwrap_or(true);
    // Above zero, so that a hand-off has a chance; below the time-out of the monitors, 30 s in Zabbix and Mackerel.
    let deadline = section.seconds("deadline_secs", 0.1..=30.0);
    settings.deadline = deadline.map_or(settings.deadline, SignedDuration::unsigned_abs);
    settings.spool = spool?;
    settings.cores = cores?;
    Some(settings)
}

/// A directory; see [`super::reader::Reader::beside`].
fn directory(section: &Section<'_>, key: &str, default: PathBuf) -> Option<PathBuf> {
    let Some(written) = section.text(key) else {
        return (!section.has(key)).then_some(default);
    };
    let path = section.reader().beside(written.value);
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// The remote cores; none if some are named and not one of them can be used.
fn cores(section: &Section<'_>) -> Option<Vec<RemoteCore>> {
    let urls = section.texts("cores");
    let is_remote = urls.as_ref().is_some_and(|urls| !urls.is_empty());
    if !is_remote {
        // The key is checked, though nobody needs it.
        section.secret("api_key");
        let is_sound = urls.is_some() || !section.has("cores");
        return is_sound.then(Vec::new);
    }
    let key = section.required_secret("api_key")?;
    let usable: Vec<_> = urls
        .iter()
        .flatten()
        .filter_map(|url| section.taken("cores", url.at, endpoint::base(url.value)))
        .map(|url| RemoteCore {
            url,
            api_key: key.clone(),
        })
        .collect();
    (!usable.is_empty()).then_some(usable)
}
