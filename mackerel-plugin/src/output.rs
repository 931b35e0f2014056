//! Writing without panicking: the agent may have closed its end, and then nobody misses the text.

use std::{
    error::Error,
    io::{self, Write},
};

/// To standard output.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// One line on standard error, which the agent logs as a warning.
pub(crate) fn complain(error: &dyn Error) {
    let _ = writeln!(io::stderr(), "{}", one_line(error));
}

/// The error and its causes in one line of at most 1,000 characters.
pub(crate) fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some messages say their cause in the middle, with the remedy after it.
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line.replace(['\n', '\r'], " ")
        .chars()
        .take(1_000)
        .collect()
}
