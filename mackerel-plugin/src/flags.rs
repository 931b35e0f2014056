//! Command lines in the style of the official plugins: `-w 10`, `-w10`, `--warning 10`, `--warning=10`.

use std::ffi::OsString;

/// An option: its long name, and its letter if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Without dashes.
    pub long: &'static str,
    /// The letter of the short form.
    pub short: Option<char>,
}

impl Flag {
    /// An option with a long name only.
    pub const fn long(long: &'static str) -> Self {
        Self { long, short: None }
    }

    /// An option with a letter too.
    pub const fn both(long: &'static str, short: char) -> Self {
        Self {
            long,
            short: Some(short),
        }
    }
}

/// The options that were given, all of which take a value, but for `--help`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    given: Vec<(&'static str, String)>,
    /// Whether `--help` or `-h` was given.
    pub help: bool,
}

/// Why a command line is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FlagError {
    /// Not an option that exists.
    #[error("unknown option `{0}`; see --help")]
    Unknown(String),
    /// An option at the end of the line without its value.
    #[error("option `--{0}` needs a value")]
    NoValue(&'static str),
    /// A value that does not fit.
    #[error("option `--{flag}` is {value:?}; {remedy}")]
    Value {
        /// The option's long name.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What to give.
        remedy: &'static str,
    },
}

impl Flags {
    /// Reads the arguments; bytes that are not UTF-8 become U+FFFD, as the agent sets `LANG=C` and names may be Japanese.
    pub fn parse(
        known: &[Flag],
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, FlagError> {
        let mut flags = Self::default();
        let mut args = args
            .into_iter()
            .map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            if arg == "--help" || arg == "-h" {
                flags.help = true;
                continue;
            }
            let (flag, inline) = find(known, &arg).ok_or(FlagError::Unknown(arg))?;
            let value = inline
                .or_else(|| args.next())
                .ok_or(FlagError::NoValue(flag))?;
            flags.given.push((flag, value));
        }
        Ok(flags)
    }

    /// The value of an option; the last, if it was given more than once.
    pub fn get(&self, long: &str) -> Option<&str> {
        self.given
            .iter()
            .rev()
            .find(|(flag, _)| *flag == long)
            .map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub fn number(&self, long: &'static str, default: u64) -> Result<u64, FlagError> {
        match self.get(long) {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| FlagError::Value {
                flag: long,
                value: value.to_owned(),
                remedy: "give a whole number",
            }),
        }
    }
}

fn find(known: &[Flag], arg: &str) -> Option<(&'static str, Option<String>)> {
    if let Some(long) = arg.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let flag = known.iter().find(|flag| flag.long == name)?;
        return Some((flag.long, value));
    }
    let mut rest = arg.strip_prefix('-')?.chars();
    let letter = rest.next()?;
    let flag = known.iter().find(|flag| flag.short == Some(letter))?;
    let value = rest.as_str();
    let value = value.strip_prefix('=').unwrap_or(value);
    Some((flag.long, (!value.is_empty()).then(|| value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Flag; 2] = [Flag::both("warning", 'w'), Flag::long("config")];

    fn parse(args: &[&str]) -> Result<Flags, FlagError> {
        Flags::parse(&KNOWN, args.iter().map(Into::into))
    }

    #[test]
    fn every_style_of_the_official_plugins_is_read() {
        for args in [
            ["-w", "10"].as_slice(),
            &["-w10"],
            &["-w=10"],
            &["--warning", "10"],
            &["--warning=10"],
        ] {
            let flags = parse(args).expect("a command line");
            assert_eq!(flags.number("warning", 1), Ok(10), "{args:?}");
        }
        assert_eq!(parse(&[]).expect("nothing").number("warning", 1), Ok(1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(parse(&["-x"]), Err(FlagError::Unknown("-x".into())));
        assert_eq!(parse(&["stray"]), Err(FlagError::Unknown("stray".into())));
        assert_eq!(parse(&["--config"]), Err(FlagError::NoValue("config")));
        let flags = parse(&["-w", "soon"]).expect("a command line");
        let error = flags.number("warning", 1).expect_err("not a number");
        assert_eq!(
            error.to_string(),
            "option `--warning` is \"soon\"; give a whole number"
        );
    }
}
