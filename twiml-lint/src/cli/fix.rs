//! Mends what can be mended, round by round, until nothing is left to mend.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::{self, Write},
    path::Path,
};

use twiml_lint::{Edit, Finding, Report};

use super::{
    bytes::{self, Bytes},
    check::{File, Outcome, Work},
    find::Origin,
};

/// How often the files are looked at again for what one fix has laid open.
const ROUNDS: usize = 10;

/// What came of mending.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    /// The changed files, by the number of the target.
    pub(crate) changes: BTreeMap<usize, Change>,
    /// How many findings were mended.
    pub(crate) fixed: usize,
    /// Which files are left as they are, and why.
    pub(crate) refusals: Vec<String>,
}

/// A changed file.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) before: String,
    pub(crate) after: String,
    /// In the encoding in which it came.
    pub(crate) bytes: Vec<u8>,
}

/// Mends in memory, and leaves what it made as what the next look sees.
pub(crate) fn mend<'t>(work: &mut Work<'t>, look: impl Fn(&Work<'t>) -> Outcome<'t>) -> Mended {
    let mut mended = Mended::default();
    let mut refused = HashSet::new();
    for _ in 0..ROUNDS {
        let outcome = look(work);
        let mut is_done = true;
        for file in &outcome.files {
            if refused.contains(&file.index) {
                continue;
            }
            let Some(before) = file.report.text() else {
                continue;
            };
            let Some((after, fixed)) = apply(&before, file.findings()) else {
                continue;
            };
            match change(work, file, &mended, &after) {
                Ok(bytes) => {
                    is_done = false;
                    mended.fixed += fixed;
                    work.instead.insert(file.index, Bytes::Whole(bytes.clone()));
                    mended
                        .changes
                        .entry(file.index)
                        .and_modify(|change| {
                            change.after.clone_from(&after);
                            change.bytes.clone_from(&bytes);
                        })
                        .or_insert_with(|| Change {
                            before: before.clone().into_owned(),
                            after,
                            bytes,
                        });
                }
                Err(why) => {
                    refused.insert(file.index);
                    mended
                        .refusals
                        .push(format!("{} is not fixed: {why}", file.name()));
                }
            }
        }
        if is_done {
            break;
        }
    }
    mended
}

/// The bytes of a file with a changed text; or why it must stay as it is.
fn change(
    work: &Work<'_>,
    file: &File<'_>,
    mended: &Mended,
    after: &str,
) -> Result<Vec<u8>, String> {
    if !mended.changes.contains_key(&file.index) {
        is_kept_by_encoding(work, file)?;
    }
    file.report.encode(after).ok_or_else(|| {
        "the fix needs a character that its encoding lacks; save it as UTF-8".to_owned()
    })
}

/// Whether a file is what its text gives when it is encoded again.
fn is_kept_by_encoding(work: &Work<'_>, file: &File<'_>) -> Result<(), String> {
    let now = match work.instead.get(&file.index) {
        Some(bytes) => bytes.clone(),
        None if file.target.origin != Origin::Stdin && !file.target.path.is_file() => {
            return Err("it is no regular file".to_owned());
        }
        None => bytes::of_file(&file.target.path).map_err(|error| error.to_string())?,
    };
    let again = |report: &Report| report.encode(&report.text()?).map(Bytes::Whole);
    if again(&file.report) == Some(now) {
        Ok(())
    } else {
        Err("writing it would change other bytes too, as its encoding writes some characters in several ways; \
             save it as UTF-8"
            .to_owned())
    }
}

/// A text with the fixes of its findings, and how many they were. Of those that overlap, the first is made.
fn apply(text: &str, findings: &[Finding]) -> Option<(String, usize)> {
    // By their starts, with their ends; none overlaps another.
    let mut taken: BTreeMap<(u32, u32), &Edit> = BTreeMap::new();
    let mut fixed = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let is_free = |edit: &Edit| {
            let before = taken.range(..(edit.span.end, 0)).next_back();
            let overlaps = before.is_some_and(|(&(_, end), _)| end > edit.span.start);
            !overlaps && !taken.contains_key(&(edit.span.start, edit.span.end))
        };
        let is_inside = |edit: &Edit| text.get(edit.span.range()).is_some();
        if fix
            .edits
            .iter()
            .all(|edit| is_inside(edit) && is_free(edit))
        {
            let edits = fix.edits.iter();
            taken.extend(edits.map(|edit| ((edit.span.start, edit.span.end), edit)));
            fixed += 1;
        }
    }
    let mut changed = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in taken.values() {
        let range = edit.span.range();
        changed.push_str(&text[copied..range.start]);
        changed.push_str(&edit.text);
        copied = range.end;
    }
    changed.push_str(&text[copied..]);
    (changed != text).then_some((changed, fixed))
}

/// Puts other bytes into a file at once: whoever reads it sees all of the old or all of the new. Its permissions stay, and where
/// the path is a link, the file behind it is changed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::Builder::new()
        .prefix(".twiml-lint-")
        .tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().set_permissions(permissions)?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiml_lint::{Fix, Level, RULES, Span};

    /// Edits of `start, end, text`, each a fix of its own.
    fn check(text: &str, fixes: &[&[(u32, u32, &str)]], expected: Option<(&str, usize)>) {
        let finding = |edits: &&[(u32, u32, &str)]| Finding {
            rule: RULES[0],
            level: Level::Error,
            span: Span { start: 0, end: 0 },
            message: String::new(),
            help: None,
            related: Vec::new(),
            fix: Some(Fix {
                edits: edits
                    .iter()
                    .map(|&(start, end, text)| Edit {
                        span: Span { start, end },
                        text: text.to_owned(),
                    })
                    .collect(),
            }),
        };
        let findings: Vec<Finding> = fixes.iter().map(finding).collect();
        let expected = expected.map(|(text, fixed)| (text.to_owned(), fixed));
        assert_eq!(apply(text, &findings), expected, "{fixes:?}");
    }

    #[test]
    fn of_overlapping_fixes_the_first_is_made() {
        check("abcdef", &[], None);
        check("abcdef", &[&[(1, 2, "b")]], None);
        check(
            "abcdef",
            &[&[(1, 3, "X")], &[(2, 4, "Y")]],
            Some(("aXdef", 1)),
        );
        check(
            "abcdef",
            &[&[(2, 4, "Y")], &[(1, 3, "X")]],
            Some(("abYef", 1)),
        );
        check(
            "abcdef",
            &[&[(3, 4, "Y")], &[(1, 3, "X")]],
            Some(("aXYef", 2)),
        );
        check(
            "abcdef",
            &[&[(0, 1, "X"), (5, 6, "Y")], &[(4, 6, "Z")]],
            Some(("XbcdeY", 1)),
        );
        check(
            "abcdef",
            &[&[(1, 5, "X")], &[(2, 3, "Y")]],
            Some(("aXf", 1)),
        );
        check(
            "abcdef",
            &[&[(2, 3, "Y")], &[(1, 5, "X")]],
            Some(("abYdef", 1)),
        );
        check(
            "abcdef",
            &[&[(2, 2, "Y")], &[(2, 2, "X")]],
            Some(("abYcdef", 1)),
        );
        check(
            "abcdef",
            &[&[(2, 2, "Y")], &[(2, 4, "X")]],
            Some(("abYXef", 2)),
        );
        check("あb", &[&[(1, 3, "X")], &[(3, 4, "c")]], Some(("あc", 1)));
        check("ab", &[&[(1, 9, "X")]], None);
    }
}
