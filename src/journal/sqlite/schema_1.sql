-- The first shape of a journal. What must hold is kept here, so that no program, this one included, gets around it:
-- only the newest token of an app's lease writes, lines follow one another without a gap and stay as they are, and an
-- app has at most one run that is not closed.
--
-- A refusal is one word: `fenced`, `conflict`, `open`, `kept`. Each is raised before SQLite's own conflict handling,
-- because INSERT OR REPLACE would delete the row in its way without asking the triggers on DELETE.

CREATE TABLE journal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT NOT NULL CHECK (length(id) = 32)
) STRICT;

CREATE TABLE leases (
    key             TEXT PRIMARY KEY,
    token           INTEGER NOT NULL CHECK (token > 0),
    holder          TEXT NOT NULL,
    since_ms        INTEGER NOT NULL,
    expires_wall_ms INTEGER NOT NULL,
    expires_boot_ms INTEGER NOT NULL,
    expires_boot    TEXT NOT NULL,
    released        INTEGER NOT NULL CHECK (released IN (0, 1))
) STRICT;

-- A run's row is a fold of its lines, for listing; what stays of it once they are forgotten.
CREATE TABLE runs (
    run       TEXT PRIMARY KEY,
    key       TEXT NOT NULL REFERENCES leases (key),
    app       TEXT NOT NULL,
    token     INTEGER NOT NULL,
    begun     TEXT NOT NULL,
    phase     TEXT NOT NULL,
    format    INTEGER NOT NULL,
    began_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX one_open_run ON runs (key) WHERE phase NOT IN ('Complete', 'RolledBack');
CREATE INDEX runs_by_app ON runs (key);

CREATE TABLE lines (
    run     TEXT NOT NULL REFERENCES runs (run),
    seq     INTEGER NOT NULL,
    token   INTEGER NOT NULL,
    phase   TEXT,
    format  INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    line    TEXT NOT NULL CHECK (json_valid(line)),
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    hash  TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE frozen (
    run  TEXT NOT NULL REFERENCES runs (run),
    hash TEXT NOT NULL REFERENCES blobs (hash),
    PRIMARY KEY (run, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX frozen_by_hash ON frozen (hash);

-- The journal keeps its name.

CREATE TRIGGER journal_is_named_once BEFORE INSERT ON journal WHEN EXISTS (SELECT 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER journal_keeps_its_name BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER journal_stays BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'kept'); END;

-- Tokens never fall, and a lease that was given back comes back only under a new one.

CREATE TRIGGER leases_are_made_once BEFORE INSERT ON leases
WHEN EXISTS (SELECT 1 FROM leases WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER leases_only_rise BEFORE UPDATE ON leases
WHEN NEW.key <> OLD.key OR NEW.token < OLD.token OR (NEW.token = OLD.token AND NEW.released < OLD.released)
BEGIN SELECT RAISE(ABORT, 'fenced'); END;
CREATE TRIGGER leases_stay BEFORE DELETE ON leases BEGIN SELECT RAISE(ABORT, 'kept'); END;

-- A run begins under its app's lease, alone, and stays.

CREATE TRIGGER runs_begin BEFORE INSERT ON runs
BEGIN
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM leases WHERE key = NEW.key AND token = NEW.token AND released = 0)
            THEN RAISE(ABORT, 'fenced')
        WHEN EXISTS (SELECT 1 FROM runs WHERE run = NEW.run) OR NEW.phase <> 'Pending' OR NEW.forgotten
            THEN RAISE(ABORT, 'conflict')
        WHEN EXISTS (SELECT 1 FROM runs WHERE key = NEW.key AND phase NOT IN ('Complete', 'RolledBack'))
            THEN RAISE(ABORT, 'open')
    END;
END;
CREATE TRIGGER runs_keep_their_beginning BEFORE UPDATE ON runs
WHEN NEW.run <> OLD.run OR NEW.key <> OLD.key OR NEW.app <> OLD.app OR NEW.token <> OLD.token
    OR NEW.begun <> OLD.begun OR NEW.began_ms <> OLD.began_ms OR NEW.forgotten < OLD.forgotten
    OR (NEW.forgotten AND NEW.phase NOT IN ('Complete', 'RolledBack'))
BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER runs_follow_their_lines BEFORE UPDATE OF phase ON runs WHEN NEW.phase <> OLD.phase
BEGIN
    SELECT CASE
        WHEN NEW.phase IS NOT (
            SELECT phase FROM lines WHERE run = NEW.run AND phase IS NOT NULL ORDER BY seq DESC LIMIT 1
        ) THEN RAISE(ABORT, 'kept')
        WHEN NEW.phase NOT IN ('Complete', 'RolledBack') AND EXISTS (
            SELECT 1 FROM runs WHERE key = NEW.key AND run <> NEW.run AND phase NOT IN ('Complete', 'RolledBack')
        ) THEN RAISE(ABORT, 'open')
    END;
END;
CREATE TRIGGER runs_stay BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'kept'); END;

-- A line comes next, under the newest token, and stays until its run is forgotten.

CREATE TRIGGER lines_come_next BEFORE INSERT ON lines
BEGIN
    SELECT CASE
        WHEN NOT EXISTS (
            SELECT 1 FROM runs JOIN leases USING (key)
            WHERE runs.run = NEW.run AND leases.token = NEW.token AND leases.released = 0
        ) THEN RAISE(ABORT, 'fenced')
        WHEN NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM lines WHERE run = NEW.run)
            OR (SELECT forgotten FROM runs WHERE run = NEW.run)
            THEN RAISE(ABORT, 'conflict')
    END;
END;
CREATE TRIGGER lines_fold AFTER INSERT ON lines
BEGIN
    UPDATE runs
    SET phase = coalesce(NEW.phase, phase), format = max(format, NEW.format), last_ms = NEW.wall_ms
    WHERE run = NEW.run;
END;
CREATE TRIGGER lines_stay_as_they_are BEFORE UPDATE ON lines BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER lines_stay BEFORE DELETE ON lines WHEN NOT (SELECT forgotten FROM runs WHERE run = OLD.run)
BEGIN SELECT RAISE(ABORT, 'kept'); END;

-- What is frozen stays as it is, for as long as a run names it.

CREATE TRIGGER blobs_are_stored_once BEFORE INSERT ON blobs WHEN EXISTS (SELECT 1 FROM blobs WHERE hash = NEW.hash)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER blobs_stay_as_they_are BEFORE UPDATE ON blobs BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER blobs_stay BEFORE DELETE ON blobs WHEN EXISTS (SELECT 1 FROM frozen WHERE hash = OLD.hash)
BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER frozen_stays_as_it_is BEFORE UPDATE ON frozen BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER frozen_stays BEFORE DELETE ON frozen WHEN NOT (SELECT forgotten FROM runs WHERE run = OLD.run)
BEGIN SELECT RAISE(ABORT, 'kept'); END;
