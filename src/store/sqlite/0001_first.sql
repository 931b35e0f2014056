-- What the store is, beside its rows: the token key.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

-- Every event id of the retention, so that an event is taken once. `seq` is the order of arrival.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    seen_at INTEGER NOT NULL -- nanoseconds since 1970
) STRICT;

-- Events that are not folded in yet; `seq` is that of `events`.
CREATE TABLE inbox (
    seq   INTEGER PRIMARY KEY,
    event TEXT NOT NULL
) STRICT;

-- Open alerts.
CREATE TABLE alerts (
    source     TEXT NOT NULL,
    for_group  TEXT NOT NULL,
    dedup      TEXT NOT NULL,
    escalation INTEGER,
    alert      TEXT NOT NULL,
    PRIMARY KEY (source, for_group, dedup)
) STRICT;

CREATE TABLE journal (
    escalation INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    entry      TEXT NOT NULL,
    PRIMARY KEY (escalation, number)
) STRICT;

-- The folds of the journals.
CREATE TABLE escalations (
    id      INTEGER PRIMARY KEY,
    is_over INTEGER NOT NULL,
    state   TEXT NOT NULL
) STRICT;
CREATE INDEX escalations_live ON escalations (id) WHERE is_over = 0;

CREATE TABLE calls (
    escalation  INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    member      TEXT NOT NULL,
    provider    TEXT NOT NULL,
    intended_at INTEGER NOT NULL, -- nanoseconds since 1970
    call        TEXT,
    PRIMARY KEY (escalation, number)
) STRICT;
CREATE INDEX calls_by_time ON calls (intended_at);

-- Notices that wait for delivery; a name is never given twice.
CREATE TABLE outbox (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    notice TEXT NOT NULL
) STRICT;
