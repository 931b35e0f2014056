//! The last line: what was found in how many files.

use twiml_lint::Level;

use super::LEVELS;
use crate::cli::check::File;

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Errors, warnings, infos.
    pub(crate) levels: [usize; 3],
    /// Files that were checked.
    pub(crate) files: usize,
    /// Files with findings.
    pub(crate) files_with_findings: usize,
    /// Findings that --fix would mend.
    pub(crate) fixable: usize,
    /// Findings that --fix has mended.
    pub(crate) fixed: usize,
    /// Files that were left out, as they are other XML.
    pub(crate) not_twiml: usize,
    /// Findings that the baseline records.
    pub(crate) known: usize,
    /// Entries of the baseline that no longer occur.
    pub(crate) gone: usize,
}

impl Tally {
    /// Counts what was found in the files.
    pub(crate) fn of(files: &[File<'_>]) -> Self {
        let count = |level: Level| files.iter().map(|file| file.count(level)).sum();
        let findings = || files.iter().flat_map(File::findings);
        Self {
            levels: LEVELS.map(count),
            files: files.len(),
            files_with_findings: files.iter().filter(|f| !f.findings().is_empty()).count(),
            fixable: findings().filter(|finding| finding.fix.is_some()).count(),
            known: files.iter().map(|file| file.known).sum(),
            ..Self::default()
        }
    }

    /// In words.
    pub(crate) fn summary(&self) -> String {
        let [errors, warnings, infos] = self.levels;
        let counts = [(errors, "error"), (warnings, "warning"), (infos, "info")];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|&(count, _)| count > 0)
            .map(|(count, what)| plural(count, what))
            .collect();
        let mut parts = Vec::new();
        if self.fixed > 0 {
            parts.push(format!("{} fixed", plural(self.fixed, "finding")));
        }
        parts.push(if counts.is_empty() {
            format!("no findings in {}", plural(self.files, "file"))
        } else {
            let (with, all) = (self.files_with_findings, plural(self.files, "file"));
            format!("{} in {with} of {all}", counts.join(", "))
        });
        if self.fixable > 0 {
            parts.push(format!("{} fixable with --fix", self.fixable));
        }
        if self.known > 0 {
            parts.push(format!("{} in the baseline", self.known));
        }
        if self.gone > 0 {
            let entries = if self.gone == 1 { "entry" } else { "entries" };
            parts.push(format!(
                "{} {entries} of the baseline no longer occur{}",
                self.gone,
                if self.gone == 1 { "s" } else { "" }
            ));
        }
        match self.not_twiml {
            0 => {}
            1 => parts.push("1 file is not TwiML".to_owned()),
            many => parts.push(format!("{many} files are not TwiML")),
        }
        parts.join("; ")
    }
}

/// A count and what it counts.
pub(crate) fn plural(count: usize, what: &str) -> String {
    let s = if count == 1 || what == "info" {
        ""
    } else {
        "s"
    };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_there_is() {
        let check = |tally: Tally, expected: &str| assert_eq!(tally.summary(), expected);
        let one = Tally {
            files: 1,
            ..Tally::default()
        };
        check(one, "no findings in 1 file");
        check(
            Tally {
                levels: [2, 1, 0],
                files: 5,
                files_with_findings: 1,
                fixable: 1,
                ..one
            },
            "2 errors, 1 warning in 1 of 5 files; 1 fixable with --fix",
        );
        check(
            Tally {
                levels: [0, 0, 2],
                files_with_findings: 1,
                fixed: 1,
                known: 4,
                gone: 1,
                not_twiml: 3,
                ..one
            },
            "1 finding fixed; 2 info in 1 of 1 file; 4 in the baseline; 1 entry of the baseline no longer occurs; \
             3 files are not TwiML",
        );
    }
}
