//! What is in the archive, wherever the program comes from.

use std::{fs, io, path::Path};

use crate::archive::File;

/// The program that is all of rinban.
pub(crate) const PROGRAM: &str = "mackerel-plugin-rinban";

/// `program` and what goes with it; `root` is the workspace.
pub(crate) fn contents(root: &Path, program: &Path) -> io::Result<Vec<File>> {
    let file = |name, path: &Path, is_program| {
        let bytes = fs::read(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        Ok(File {
            name,
            bytes,
            is_program,
        })
    };
    let here = root.join("mackerel-plugin");
    [
        (PROGRAM, program.to_owned(), true),
        ("check-rinban", here.join("release/check-rinban.sh"), true),
        ("README.md", here.join("README.md"), false),
        ("CHANGELOG.md", root.join("CHANGELOG.md"), false),
        ("LICENSE", root.join("LICENSE"), false),
    ]
    .into_iter()
    .map(|(name, path, is_program)| file(name, &path, is_program))
    .collect()
}
