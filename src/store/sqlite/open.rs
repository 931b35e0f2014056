//! Opening the database: files and their modes, pragmas, migrations, and what SQLite's errors mean.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::{regular_file, store::StoreError};

/// The schema, one entry a version. An entry that was released is never changed; a change is a new entry.
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);
const STEPS: &[M<'static>] = &[M::up(include_str!("0001_first.sql"))];

/// The version of the schema that [`MIGRATIONS`] end in.
const KNOWN: i64 = 1;

/// How long another process may hold the database before we call it locked.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How many prepared statements are kept; more than there are.
const STATEMENTS: usize = 64;

/// Opens for writing; makes the directory (0700) and the file (0600) if they are missing, and brings the schema up to date.
pub(super) fn writable(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    if let Some(dir) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| from_io(dir, &error))?;
    }
    check_kind(path)?;
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| from_io(path, &error))?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)?;
    prepare(&connection).map_err(|error| from_sqlite(path, &error))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens for reading beside a core that writes.
pub(super) fn readable(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path: path.into() });
        }
        Err(error) => return Err(from_io(path, &error)),
        Ok(_) => check_kind(path)?,
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, patience)?;
    let found = version(&connection, path)?;
    match found {
        0 => Err(StoreError::Missing { path: path.into() }),
        1..=KNOWN => Ok(connection),
        _ => Err(newer(path, found)),
    }
}

/// Refuses what SQLite would wait for or fail on without a word that helps: the database, its log, the log's index, and the
/// journal of other modes, which SQLite looks for. Source: SQLite, "Temporary Files Used By SQLite".
fn check_kind(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if regular_file::is_other_at(Path::new(&name)) {
            return Err(StoreError::NotRegular { path: name.into() });
        }
    }
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags, patience: Duration) -> Result<Connection, StoreError> {
    // Every connection stays on one thread at a time, so SQLite's own mutexes would only cost.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| from_sqlite(path, &error))?;
    connection
        .busy_timeout(patience)
        .map_err(|error| from_sqlite(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// In WAL mode readers and the writer do not wait for each other; FULL makes every commit durable (P1). The size
/// limit, in bytes, gives a log that grew in a storm back to the disk.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection, path)?;
    if found > KNOWN {
        return Err(newer(path, found));
    }
    MIGRATIONS
        .to_latest(connection)
        .map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => from_sqlite(path, &err),
            other => StoreError::Damaged {
                path: path.into(),
                why: other.to_string(),
            },
        })
}

fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| from_sqlite(path, &error))
}

fn newer(path: &Path, found: i64) -> StoreError {
    StoreError::Newer {
        path: path.into(),
        found,
        known: KNOWN,
    }
}

/// Sorts an error of the file system into the store's classes.
fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory => StoreError::ReadOnly {
            path,
            why: error.to_string(),
        },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
        _ => StoreError::Io {
            path,
            why: error.to_string(),
        },
    }
}

/// Sorts an error of SQLite into the store's classes. Source: SQLite, "Result and Error Codes".
pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, why }
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            StoreError::ReadOnly { path, why }
        }
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            StoreError::Refused(why)
        }
        _ => StoreError::Io { path, why },
    }
}
