//! Checkstyle XML, which many collectors of reports read.

use std::io::{self, Write};

use super::{Run, xml::escaped};

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<checkstyle version="4.3">"#)?;
    for file in run.files.iter().filter(|file| !file.findings().is_empty()) {
        writeln!(out, r#"  <file name="{}">"#, escaped(file.name()))?;
        for seen in run.seen(file) {
            let finding = seen.finding;
            let (line, column) = (seen.start.line, seen.start.column);
            let (level, code) = (finding.level, finding.rule.code);
            let message = escaped(&finding.message);
            writeln!(
                out,
                r#"    <error line="{line}" column="{column}" severity="{level}" message="{message}" source="twiml-lint.{code}"/>"#
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}
