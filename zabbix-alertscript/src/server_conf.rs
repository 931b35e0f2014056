//! What matters to us of `zabbix_server.conf`: where the alertscripts are, and as whom they run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where packages and source builds put the file.
pub(crate) const PLACES: [&str; 2] = [
    "/etc/zabbix/zabbix_server.conf",
    "/usr/local/etc/zabbix_server.conf",
];

/// How deep files may include one another; Zabbix allows ten levels.
const DEPTH: usize = 10;

/// The server's configuration, as far as it concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerConf {
    /// `AlertScriptsPath`, if it is set; the built-in default differs between packages.
    pub(crate) alert_scripts: Option<PathBuf>,
    /// `User`: whom a server that root starts becomes.
    pub(crate) user: Option<String>,
}

impl ServerConf {
    /// Reads the file and what it includes; the last word on a key counts.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut conf = Self::default();
        conf.add(path, DEPTH)?;
        Ok(conf)
    }

    fn add(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        for line in String::from_utf8_lossy(&fs::read(path)?).lines() {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "AlertScriptsPath" => self.alert_scripts = Some(value.into()),
                "User" => self.user = Some(value.to_owned()),
                // A file that cannot be read keeps the server from starting; that is not ours to say.
                "Include" if depth > 0 => included(Path::new(value))
                    .iter()
                    .for_each(|file| drop(self.add(file, depth - 1))),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The files that `Include` names: one, those of a directory, or those of a directory that match, as in `/etc/x.d/*.conf`.
fn included(path: &Path) -> Vec<PathBuf> {
    let pattern = path.file_name().and_then(|name| name.to_str());
    let (dir, ends) = match pattern.and_then(|name| name.split_once('*')) {
        Some(ends) => (path.parent().unwrap_or(path), ends),
        None if path.is_dir() => (path, ("", "")),
        None => return vec![path.to_owned()],
    };
    let matches = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        file.is_file() && name.starts_with(ends.0) && name.ends_with(ends.1)
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(matches).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_wherever_it_stands() {
        let dir = tempfile::tempdir().expect("a directory");
        let write =
            |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a file");
        let read = || ServerConf::read(&dir.path().join("server")).expect("a file");
        write(
            "server",
            "# AlertScriptsPath=/no\nAlertScriptsPath=/a\nUser = zbx \n\nListenPort=1",
        );
        assert_eq!(read().alert_scripts, Some("/a".into()));
        assert_eq!(read().user.as_deref(), Some("zbx"));
        fs::create_dir(dir.path().join("d")).expect("a directory");
        write("d/a.conf", "AlertScriptsPath=/b\n");
        write("d/b.conf~", "AlertScriptsPath=/c\n");
        for include in ["d/*.conf", "d/a.conf"] {
            let include = dir.path().join(include);
            write(
                "server",
                &format!("AlertScriptsPath=/a\nInclude={}\n", include.display()),
            );
            assert_eq!(read().alert_scripts, Some("/b".into()), "{include:?}");
        }
        write(
            "server",
            &format!("Include={}\n", dir.path().join("d").display()),
        );
        assert_eq!(read().alert_scripts, Some("/c".into()));
    }

    #[test]
    fn a_file_that_includes_itself_is_read_in_the_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("server");
        fs::write(&path, format!("Include={}\nUser=x\n", path.display())).expect("a file");
        assert_eq!(
            ServerConf::read(&path).expect("a file").user.as_deref(),
            Some("x")
        );
    }
}
