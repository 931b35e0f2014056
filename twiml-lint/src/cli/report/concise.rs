//! One line per finding.

use std::io::{self, Write};

use super::Run;

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    run.all()
        .try_for_each(|seen| super::text::headline(run, &seen, out))
}
