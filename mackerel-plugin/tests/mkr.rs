//! `mkr plugin install`, as mkr 0.65 was measured to do it, on an archive that holds the programs of this test. It reads the
//! archive by itself: a library might be kinder than mkr is.

use std::{
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use flate2::{Crc, read::DeflateDecoder};
use zip::CompressionMethod;

use crate::{
    agent::{USUAL, run_within},
    archive::{self, File},
    as_the_agent_runs_it::{Host, PLUGIN},
    contents,
};

/// A file of an archive.
struct Entry {
    name: String,
    /// As Go's `archive/zip` makes it: type and permissions if a Unix made the archive, else none to execute.
    mode: u32,
    bytes: Vec<u8>,
    modified: u32,
}

fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    let bytes = &bytes[at..at + length];
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Reads the central directory, and each file by what stands there.
fn read(archive: &[u8]) -> Vec<Entry> {
    let end = archive.len() - 22;
    assert_eq!(
        &archive[end..end + 4],
        b"PK\x05\x06",
        "no comment at the end"
    );
    let mut at = number(archive, end + 16, 4);
    (0..number(archive, end + 10, 2))
        .map(|_| {
            let header = &archive[at..];
            assert_eq!(&header[..4], b"PK\x01\x02");
            let name_length = number(header, 28, 2);
            at += 46 + name_length + number(header, 30, 2) + number(header, 32, 2);
            let attributes = number(header, 38, 4) as u32;
            let mode = match header[5] {
                3 | 19 => attributes >> 16,
                _ => 0o100_666,
            };
            Entry {
                name: String::from_utf8(header[46..46 + name_length].to_vec()).expect("UTF-8"),
                mode,
                bytes: content(archive, header),
                modified: number(header, 12, 4) as u32,
            }
        })
        .collect()
}

fn content(archive: &[u8], header: &[u8]) -> Vec<u8> {
    let local = number(header, 42, 4);
    let begin = local + 30 + number(archive, local + 26, 2) + number(archive, local + 28, 2);
    let packed = &archive[begin..begin + number(header, 20, 4)];
    let bytes = match number(header, 10, 2) {
        0 => packed.to_vec(),
        8 => {
            let mut bytes = Vec::new();
            DeflateDecoder::new(packed)
                .read_to_end(&mut bytes)
                .expect("deflated");
            bytes
        }
        method => panic!("Go does not know method {method}"),
    };
    assert_eq!(bytes.len(), number(header, 24, 4));
    let mut sum = Crc::new();
    sum.update(&bytes);
    assert_eq!(sum.sum() as usize, number(header, 16, 4));
    bytes
}

/// What mkr installs, and where: success it reports in any case.
fn install(archive: &[u8], prefix: &Path) -> Vec<PathBuf> {
    let bin = prefix.join("bin");
    fs::create_dir_all(&bin).expect("a directory");
    let mut installed = Vec::new();
    for entry in read(archive) {
        let base = entry.name.rsplit('/').next().expect("a name").to_owned();
        let is_regular = entry.mode & 0o170_000 == 0o100_000;
        let is_named = ["check-", "mackerel-plugin-"]
            .iter()
            .any(|begin| base.starts_with(begin));
        let is_archive = [".zip", ".tar.gz", ".tgz"]
            .iter()
            .any(|end| base.ends_with(end));
        if !is_regular || !is_named || is_archive || entry.mode & 0o111 == 0 {
            continue;
        }
        let path = bin.join(&base);
        // By another process, so that no child of another test holds the program open for writing when it is run.
        let temporary = prefix.join(base);
        fs::write(&temporary, &entry.bytes).expect("written");
        let status = Command::new("cp").arg(&temporary).arg(&path).status();
        assert!(status.is_ok_and(|status| status.success()));
        fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode & 0o777))
            .expect("its mode");
        installed.push(path);
    }
    installed
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn released(program: &str) -> Vec<u8> {
    let files = contents::contents(&root(), Path::new(program)).expect("the files");
    archive::pack("linux_amd64", files, CompressionMethod::Stored).expect("an archive")
}

#[test]
fn what_mkr_installs_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let installed = install(&released(PLUGIN), dir.path());
    let names: Vec<_> = installed
        .iter()
        .map(|path| path.file_name().expect("a name"))
        .collect();
    assert_eq!(names, ["check-rinban", "mackerel-plugin-rinban"]);
    let [check, plugin] = &installed[..] else {
        panic!("two programs");
    };
    let run = |path: &Path, host: &Host, args: &[&str]| {
        run_within(
            &mut host.command(path.to_str().expect("UTF-8"), args),
            USUAL,
        )
    };
    let host = Host::without_core();
    let report = run(check, &host, &[]);
    assert!(report.stdout.starts_with("Rinban "), "{report:?}");
    assert_eq!(report.stderr, "");
    assert_eq!(run(check, &host, &["--wrong"]).code, Some(3));
    let mut meta = host.command(plugin.to_str().expect("UTF-8"), &[]);
    meta.env("MACKEREL_AGENT_PLUGIN_META", "1");
    let meta = run_within(&mut meta, USUAL);
    assert!(
        meta.stdout.starts_with("# mackerel-agent-plugin\n"),
        "{meta:?}"
    );
    // Found by its bare name too, as the agent's PATH ends with the directory of mkr's plugins.
    let bin = dir.path().join("bin");
    let mut bare = Command::new("sh");
    bare.args(["-c", "exec check-rinban --wrong"])
        .env("PATH", format!("/usr/bin:/bin:{}", bin.display()));
    assert!(
        run_within(&mut bare, USUAL)
            .stdout
            .starts_with("Rinban UNKNOWN: unknown option")
    );
    // The check alone says what it lacks.
    fs::remove_file(plugin).expect("removed");
    let alone = run(check, &host, &[]);
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(3), ""));
    assert!(
        alone.stdout.contains("mackerel-plugin-rinban is missing"),
        "{alone:?}"
    );
}

#[test]
fn the_archive_is_as_the_others_are() {
    let entries = read(&released("/bin/true"));
    let modes: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.mode))
        .collect();
    let program = 0o100_755;
    let text = 0o100_644;
    assert_eq!(
        modes,
        [
            ("rinban_linux_amd64/CHANGELOG.md", text),
            ("rinban_linux_amd64/LICENSE", text),
            ("rinban_linux_amd64/README.md", text),
            ("rinban_linux_amd64/check-rinban", program),
            ("rinban_linux_amd64/mackerel-plugin-rinban", program),
        ]
    );
    // The first of January 1980, whenever it is made.
    assert!(entries.iter().all(|entry| entry.modified == 0x0021_0000));
}

#[test]
fn equal_files_make_an_equal_archive_and_are_got_back() {
    let file = |name, is_program| File {
        name,
        bytes: name.as_bytes().repeat(10_000),
        is_program,
    };
    let pack = |files| {
        archive::pack("linux_arm64", files, CompressionMethod::Deflated).expect("an archive")
    };
    let packed = pack(vec![file("check-a", true), file("README.md", false)]);
    assert_eq!(
        packed,
        pack(vec![file("README.md", false), file("check-a", true)])
    );
    assert!(packed.len() < 2_000);
    let entries = read(&packed);
    assert_eq!(entries[1].bytes, file("check-a", true).bytes);
}

#[test]
fn without_execute_bits_nothing_would_be_installed() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut files = contents::contents(&root(), Path::new("/bin/true")).expect("the files");
    files.iter_mut().for_each(|file| file.is_program = false);
    let packed =
        archive::pack("linux_amd64", files, CompressionMethod::Stored).expect("an archive");
    assert!(install(&packed, dir.path()).is_empty());
}
