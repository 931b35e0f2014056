//! Where the configuration is.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The place of last resort.
pub const SYSTEM_PATH: &str = "/etc/rinban/rinban.toml";

/// No configuration was found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "no configuration found at {}; name one with --config or $RINBAN_CONFIG, or write one with `rinban init`",
    .looked_at.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" or ")
)]
pub struct NotFound {
    /// Where it was looked for.
    pub looked_at: Vec<PathBuf>,
}

/// The configuration file: the one that is named, else `$RINBAN_CONFIG`, else `rinban.toml` beside the running
/// executable, else [`SYSTEM_PATH`]. One that is named is taken even if it is not there, so that its name stands in the
/// error.
pub fn locate(explicit: Option<&Path>) -> Result<PathBuf, NotFound> {
    let beside = env::current_exe().ok();
    let beside = beside.as_deref().and_then(Path::parent);
    let from_environment = env::var_os("RINBAN_CONFIG").filter(|path| !path.is_empty());
    locate_among(
        explicit,
        from_environment.map(PathBuf::from),
        beside,
        Path::new(SYSTEM_PATH),
    )
}

fn locate_among(
    explicit: Option<&Path>,
    from_environment: Option<PathBuf>,
    beside: Option<&Path>,
    system: &Path,
) -> Result<PathBuf, NotFound> {
    if let Some(named) = explicit.map(Path::to_owned).or(from_environment) {
        return Ok(named);
    }
    let beside = beside.map(|dir| dir.join("rinban.toml"));
    let looked_at: Vec<_> = beside.into_iter().chain([system.to_owned()]).collect();
    let found = looked_at.iter().find(|path| path.is_file()).cloned();
    found.ok_or(NotFound { looked_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_is_taken() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let beside = dir.path().join("rinban.toml");
        let system = dir.path().join("etc.toml");
        let named = Some(Path::new("/named.toml"));
        let variable = || Some(PathBuf::from("/variable.toml"));
        let find = |explicit, variable| locate_among(explicit, variable, Some(dir.path()), &system);

        let error = find(None, None).expect_err("nothing is there");
        assert_eq!(error.looked_at, [beside.clone(), system.clone()]);
        assert!(
            error
                .to_string()
                .contains("etc.toml; name one with --config")
        );
        std::fs::write(&system, "").expect("written");
        assert_eq!(find(None, None), Ok(system.clone()));
        std::fs::write(&beside, "").expect("written");
        assert_eq!(find(None, None), Ok(beside));
        assert_eq!(find(None, variable()), Ok("/variable.toml".into()));
        assert_eq!(find(named, variable()), Ok("/named.toml".into()));
    }
}
