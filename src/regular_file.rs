//! Opening files of the state directory. Somebody may have put another thing in their place, and to open a pipe is to wait
//! for its other end: a core that starts would hang, and no signal would end it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::libc;

/// Something stands where a regular file should be; comes as the inner error of an [`io::Error`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is not a regular file; move it away")]
struct NotRegular;

/// Opens a regular file without ever waiting. For anything else the error is one that [`is_other`] knows.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let opened = options.custom_flags(libc::O_NONBLOCK).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        // A socket, a device, or a pipe that nobody reads; a directory, which is not opened for writing.
        Some(libc::ENXIO | libc::EISDIR) => io::Error::other(NotRegular),
        _ => error,
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other(NotRegular))
    }
}

/// Whether something else than a regular file stands here, for files that a library opens.
pub(crate) fn is_other_at(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| !meta.is_file())
}

/// Whether the error says that there is something else than a regular file.
pub(crate) fn is_other(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<NotRegular>())
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use nix::{sys::stat::Mode, unistd::mkfifo};

    use super::*;

    #[test]
    fn nothing_but_a_regular_file_is_opened_and_nothing_is_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").expect("written");
        symlink(at("file"), at("link")).expect("made");
        mkfifo(&at("pipe"), Mode::S_IRWXU).expect("made");
        fs::create_dir(at("directory")).expect("made");
        let _socket = UnixListener::bind(at("socket")).expect("made");
        let ways: [fn(&mut OpenOptions) -> &mut OpenOptions; 3] = [
            |options| options.read(true),
            |options| options.append(true).create(true),
            |options| options.read(true).write(true).create(true),
        ];
        for (name, regular) in [
            ("file", true),
            ("link", true),
            ("pipe", false),
            ("directory", false),
            ("socket", false),
        ] {
            for (number, way) in ways.iter().enumerate() {
                let opened = open(&at(name), way(&mut OpenOptions::new()));
                let told = opened.as_ref().is_err_and(is_other);
                assert_eq!(
                    (opened.is_ok(), told),
                    (regular, !regular),
                    "{name} {number}"
                );
            }
            assert_eq!(is_other_at(&at(name)), !regular, "{name}");
        }
        let missing = open(&at("missing"), OpenOptions::new().read(true));
        assert!(missing.is_err_and(|error| !is_other(&error)));
        assert!(!is_other_at(&at("missing")));
    }
}
