//! The archive that `mkr plugin install` takes: `rinban_<os>_<arch>.zip` with one folder in it.
//!
//! mkr installs every regular file whose name begins with `check-` or `mackerel-plugin-` and that has an execute bit, and it
//! reports success if there is none. The bits are read from the archive only if its maker says that it is a Unix. Equal
//! files make an equal archive: sorted, and without the time of day.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// The name of the repository, which mkr asks for.
const REPOSITORY: &str = "rinban";

/// A file to be.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Without a folder.
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_program: bool,
}

/// `rinban_linux_amd64`, as the archive and its folder are called.
pub(crate) fn name(platform: &str) -> String {
    format!("{REPOSITORY}_{platform}")
}

/// The archive. Programs of a test, which are very large, are better stored than deflated.
pub(crate) fn pack(
    platform: &str,
    mut files: Vec<File>,
    method: CompressionMethod,
) -> ZipResult<Vec<u8>> {
    files.sort_by_key(|file| file.name);
    let folder = name(platform);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let mode = if file.is_program { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(mode);
        archive.start_file(format!("{folder}/{}", file.name), options)?;
        archive.write_all(&file.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
