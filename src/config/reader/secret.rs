//! Secrets come from the environment or from files; the configuration only says where they are.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use secrecy::{ExposeSecret as _, SecretString};

use super::{Section, Wrong};

impl Section<'_> {
    /// The secret that `KEY_env` or `KEY_file` points to. A literal `KEY` is a mistake, since configuration files are
    /// copied, committed and pasted.
    pub(in crate::config) fn secret(&self, key: &str) -> Option<SecretString> {
        let (env_key, file_key) = (format!("{key}_env"), format!("{key}_file"));
        let env = self.text(&env_key);
        let file = self.text(&file_key);
        self.refuse_literal(key, &env_key, &file_key);
        if let (Some(_), Some(file)) = (env, file) {
            let what = format!("has `{env_key}` beside it");
            self.wrong_value(&file_key, file.at, &Wrong::new(what, "keep one of the two"));
            return None;
        }
        if let Some(name) = env {
            let secret = self.in_environment(name.value);
            return self.taken(&env_key, name.at, secret);
        }
        if let Some(path) = file {
            let secret = in_file(&self.reader.beside(path.value));
            return self.taken(&file_key, path.at, secret);
        }
        None
    }

    /// Like [`Self::secret`]; records that it is missing.
    pub(in crate::config) fn required_secret(&self, key: &str) -> Option<SecretString> {
        let secret = self.secret(key);
        let (env_key, file_key) = (format!("{key}_env"), format!("{key}_file"));
        let is_there = [key, &env_key, &file_key].iter().any(|key| self.has(key));
        if !is_there {
            self.missing(
                key,
                &format!("add {env_key} = \"NAME_OF_A_VARIABLE\" or {file_key} = \"/path\""),
            );
        }
        secret
    }

    /// Like [`Self::required_secret`], for a secret that some function understands. What is wrong with it must not show it.
    pub(in crate::config) fn parsed_secret<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let secret = self.required_secret(key)?;
        let keys = [format!("{key}_env"), format!("{key}_file")];
        let used = keys
            .iter()
            .find_map(|key| self.table.get_key_value(key.as_str()))?;
        let (name, _) = used;
        let at = name.span().start;
        self.taken(name.get_ref(), at, parse(secret.expose_secret()))
    }

    fn refuse_literal(&self, key: &str, env_key: &str, file_key: &str) {
        self.asked.borrow_mut().insert(key.to_owned());
        let Some((name, _)) = self.table.get_key_value(key) else {
            return;
        };
        let wrong = Wrong::new(
            "is a secret, which must not stand in this file",
            format!(
                "put it into an environment variable and write {env_key} = \"NAME\", or into a file and write \
                 {file_key} = \"/path\"; then change the secret, since this file has held it"
            ),
        );
        self.wrong_value(key, name.span().start, &wrong);
    }

    fn in_environment(&self, name: &str) -> Result<SecretString, Wrong> {
        match (self.reader.environment)(name) {
            Some(value) if !value.trim().is_empty() => Ok(SecretString::from(value.trim())),
            Some(_) => Err(Wrong::new(
                format!("names the environment variable {name}, which is empty"),
                "give it a value",
            )),
            None => Err(Wrong::new(
                format!("names the environment variable {name}, which is not set"),
                format!("set {name} for this process (service unit or shell), or use a file"),
            )),
        }
    }
}

/// Reads a secret file that not everybody can read. A line end at its end does not count.
fn in_file(file: &Path) -> Result<SecretString, Wrong> {
    let path = file.display();
    let unreadable = |error: std::io::Error| {
        Wrong::new(
            format!("names {path}, which cannot be read ({error})"),
            "name a file that the user rinban runs as can read",
        )
    };
    let mode = fs::metadata(file).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(Wrong::new(
            format!(
                "names {path}, which everybody on this host can use (mode {:o})",
                mode & 0o777
            ),
            format!("run `chmod o= {path}`"),
        ));
    }
    let text = fs::read_to_string(file).map_err(unreadable)?;
    if text.trim().is_empty() {
        return Err(Wrong::new(
            format!("names {path}, which is empty"),
            "write the secret into it",
        ));
    }
    Ok(SecretString::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, mode: u32, expected: Result<&str, &str>) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("secret");
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
        let found = in_file(&path);
        match (found, expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected),
            (Err(wrong), Err(expected)) => {
                assert!(wrong.what.contains(expected), "{wrong:?}");
                assert!(!wrong.what.contains("hunter2") && !wrong.remedy.is_empty());
            }
            (found, expected) => panic!("{:?} is not {expected:?}", found.map(|_| "a secret")),
        }
    }

    #[test]
    fn a_secret_file_is_for_its_owner_and_group() {
        check("hunter2\n", 0o600, Ok("hunter2"));
        check("hunter2", 0o640, Ok("hunter2"));
        check(
            "hunter2",
            0o644,
            Err("everybody on this host can use (mode 644)"),
        );
        check("hunter2", 0o602, Err("everybody"));
        check("\n", 0o600, Err("which is empty"));
    }

    #[test]
    fn a_secret_file_that_is_not_there_is_named() {
        let wrong = in_file(Path::new("/nonexistent/secret")).expect_err("not there");
        assert!(wrong.what.contains("/nonexistent/secret"), "{wrong:?}");
        assert!(wrong.what.contains("No such file"), "{wrong:?}");
    }
}
