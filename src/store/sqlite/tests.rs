//! The contract, and what only a file can do: be damaged, locked, full, too new.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use super::{open::PATIENCE, *};
use crate::store::contract::{self, Database, every_backend};

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }
}

impl Database for File {
    fn open(&self) -> Box<dyn Backend> {
        Box::new(Sqlite::open(self.0.path()).expect("opens"))
    }
}

every_backend!(File::new());

fn dir() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// What opening and one commit come to.
fn outcome(dir: &Path) -> Result<(), StoreError> {
    let mut store = Sqlite::open_patiently(dir, Duration::from_millis(20))?;
    store.commit(&[contract::events(&["x"])], now()).map(drop)
}

#[test]
fn the_directory_and_the_file_are_for_their_owner_only() {
    let parent = dir();
    let state = parent.path().join("var/rinban");
    drop(Sqlite::open(&state).expect("opens"));
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join(FILE)), 0o600);
}

#[test]
fn a_commit_waits_for_the_disk() {
    let dir = dir();
    let store = Sqlite::open(dir.path()).expect("opens");
    let pragma = |name| -> String {
        store
            .connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .expect("a pragma")
    };
    assert_eq!(pragma("journal_mode"), r#"Text("wal")"#);
    assert_eq!(pragma("synchronous"), "Integer(2)");
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let dir = dir();
    fs::write(dir.path().join("file"), "").expect("writes");
    let below = dir.path().join("file/state");
    let error = outcome(&below).expect_err("below a file there is no directory");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains("file/state"), "{error}");
}

#[test]
fn a_directory_without_the_right_to_write_is_told_as_such() {
    let dir = dir();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).expect("chmod");
    if fs::write(dir.path().join("probe"), "").is_ok() {
        println!("skipped: this user writes whatever the permissions say");
        return;
    }
    let error = outcome(dir.path()).expect_err("read-only");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
}

#[test]
fn a_file_of_garbage_is_told_as_damaged_and_left_alone() {
    let dir = dir();
    let garbage = b"not a database, but certainly long enough to be one ".repeat(100);
    fs::write(dir.path().join(FILE), &garbage).expect("writes");
    let error = outcome(dir.path()).expect_err("garbage");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let kept = fs::read(dir.path().join(FILE)).expect("reads");
    assert_eq!(kept, garbage);
}

#[test]
fn a_file_with_a_damaged_page_is_told_as_damaged() {
    let dir = dir();
    let many: Vec<String> = (0..2_000).map(|n| format!("event {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut store = Sqlite::open(dir.path()).expect("opens");
    store
        .commit(&[contract::events(&many)], now())
        .expect("commits");
    drop(store);
    let path = dir.path().join(FILE);
    let mut bytes = fs::read(&path).expect("reads");
    let pages = bytes.len() / 4096;
    assert!(pages > 50);
    bytes[20 * 4096..(pages - 5) * 4096].fill(0xA5);
    fs::write(&path, bytes).expect("writes");
    let error = Sqlite::open(dir.path())
        .and_then(|mut store| store.load(now()))
        .expect_err("pages of the inbox are gone");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_database_that_another_process_holds_is_told_as_locked() {
    let dir = dir();
    let holder = Sqlite::open(dir.path()).expect("opens");
    holder
        .connection
        .execute_batch("BEGIN EXCLUSIVE")
        .expect("locks");
    let error = outcome(dir.path()).expect_err("locked");
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    drop(holder);
    assert_eq!(outcome(dir.path()), Ok(()));
    assert!(PATIENCE >= Duration::from_secs(1));
}

#[test]
fn a_full_disk_is_told_as_such_and_writing_goes_on_once_there_is_room() {
    let dir = dir();
    let mut store = Sqlite::open(dir.path()).expect("opens");
    let limit = |store: &Sqlite, pages: i64| {
        store
            .connection
            .pragma_update(None, "max_page_count", pages)
            .expect("a pragma");
    };
    limit(&store, 1);
    let many: Vec<String> = (0..500).map(|n| format!("event {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = store
        .commit(&[contract::events(&many)], now())
        .expect_err("full");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(store.load(now()).expect("loads").inbox.is_empty());
    limit(&store, 1_000_000);
    store
        .commit(&[contract::events(&many)], now())
        .expect("commits");
    assert_eq!(store.load(now()).expect("loads").inbox.len(), 500);
}

#[test]
fn a_file_of_a_newer_version_is_not_touched() {
    let dir = dir();
    drop(Sqlite::open(dir.path()).expect("opens"));
    let raw = Connection::open(dir.path().join(FILE)).expect("opens");
    raw.pragma_update(None, "user_version", 99)
        .expect("a pragma");
    drop(raw);
    for error in [
        Sqlite::open(dir.path()).expect_err("newer"),
        Sqlite::read_only(dir.path()).expect_err("newer"),
    ] {
        assert!(
            matches!(error, StoreError::Newer { found: 99, .. }),
            "{error:?}"
        );
    }
}

#[test]
fn a_file_of_version_1_is_opened_and_keeps_its_rows() {
    let dir = dir();
    let raw = Connection::open(dir.path().join(FILE)).expect("opens");
    raw.execute_batch(include_str!("0001_first.sql"))
        .expect("the first schema");
    raw.execute_batch(
        r#"PRAGMA user_version = 1;
        INSERT INTO meta VALUES ('token_key', x'0101010101010101010101010101010101010101010101010101010101010101');
        INSERT INTO events VALUES (1, 'seen', 0), (2, 'waiting', 0);
        INSERT INTO inbox VALUES (2, '{"id":"waiting","source":"zabbix","dedup_key":"1","group":"primary",
            "kind":"problem","title":"disk full","received_at":"2026-10-01T00:00:00Z","added_later":1}');
        INSERT INTO journal VALUES (4, 1, '{"number":1,"at":"2026-10-01T00:00:00Z","input":{"saw":"woke"}}');"#,
    )
    .expect("rows of version 1");
    drop(raw);
    let mut store = Sqlite::open(dir.path()).expect("opens");
    let snapshot = store.load(now()).expect("loads");
    assert_eq!(snapshot.token_key, [1; 32]);
    assert_eq!(snapshot.inbox.len(), 1);
    assert_eq!(snapshot.next_escalation, EscalationId(5));
    assert_eq!(store.journal(EscalationId(4)).expect("reads").len(), 1);
    let seen = store
        .commit(&[contract::events(&["seen"])], now())
        .expect("commits");
    assert_eq!(seen[0].new_events, [false]);
}

#[test]
fn an_unreadable_row_is_named_and_hides_no_other() {
    let dir = dir();
    let mut store = Sqlite::open(dir.path()).expect("opens");
    store
        .commit(&[contract::events(&["a", "b"])], now())
        .expect("commits");
    store
        .connection
        .execute("UPDATE inbox SET event = '{' WHERE seq = 1", [])
        .expect("updates");
    let snapshot = store.load(now()).expect("loads");
    assert_eq!(snapshot.inbox.len(), 1);
    assert_eq!(snapshot.unreadable.len(), 1);
    assert!(
        snapshot.unreadable[0].starts_with("event 1: "),
        "{:?}",
        snapshot.unreadable
    );
}

#[test]
fn a_reader_sees_what_a_running_core_has_committed_and_cannot_write() {
    let dir = dir();
    assert!(matches!(
        Sqlite::read_only(dir.path()),
        Err(StoreError::Missing { .. })
    ));
    let mut core = Sqlite::open(dir.path()).expect("opens");
    let mut reader = Sqlite::read_only(dir.path()).expect("opens");
    core.commit(&[contract::entries(1, &[1])], now())
        .expect("commits");
    assert_eq!(
        reader.journal(EscalationId(1)),
        Ok(vec![contract::entry(1)])
    );
    let error = reader
        .commit(&[contract::entries(1, &[2])], now())
        .expect_err("it only reads");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
}
