//! What fixes would change, as a unified diff.

use std::{
    io::{self, Write},
    time::Duration,
};

use similar::TextDiff;

use super::{
    fix::Change,
    report::{Styles, visible},
};

/// How long the smallest diff is looked for before a larger one will do.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes what has changed in one file. What goes to a terminal is made visible; elsewhere it stays as it is, to be applied.
pub(crate) fn write(
    name: &str,
    change: &Change,
    styles: Styles,
    is_terminal: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(change.before.as_str(), change.after.as_str());
    let diff = diff.unified_diff().header(name, name).to_string();
    for line in diff.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        let style = match bare.as_bytes().first() {
            Some(b'+') => styles.added,
            Some(b'-') => styles.removed,
            Some(b'@') => styles.gutter,
            _ => anstyle::Style::new(),
        };
        let bare = if is_terminal {
            visible(bare)
        } else {
            bare.into()
        };
        write!(out, "{style}{bare}{style:#}")?;
        out.write_all(&line.as_bytes()[line.trim_end_matches('\n').len()..])?;
    }
    Ok(())
}
