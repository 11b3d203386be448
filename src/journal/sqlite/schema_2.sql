-- The second shape: a run that destroys its app has phases of its own, and is closed when it has destroyed it.

DROP TRIGGER runs_begin;
DROP TRIGGER runs_keep_their_beginning;
DROP TRIGGER runs_follow_their_lines;
DROP INDEX one_open_run;

CREATE UNIQUE INDEX one_open_run ON runs (key) WHERE phase NOT IN ('Complete', 'RolledBack', 'Destroyed');

CREATE TRIGGER runs_begin BEFORE INSERT ON runs
BEGIN
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM leases WHERE key = NEW.key AND token = NEW.token AND released = 0)
            THEN RAISE(ABORT, 'fenced')
        WHEN EXISTS (SELECT 1 FROM runs WHERE run = NEW.run)
            OR NEW.phase NOT IN ('Pending', 'Surveying') OR NEW.forgotten
            THEN RAISE(ABORT, 'conflict')
        WHEN EXISTS (
            SELECT 1 FROM runs WHERE key = NEW.key AND phase NOT IN ('Complete', 'RolledBack', 'Destroyed')
        ) THEN RAISE(ABORT, 'open')
    END;
END;
CREATE TRIGGER runs_keep_their_beginning BEFORE UPDATE ON runs
WHEN NEW.run <> OLD.run OR NEW.key <> OLD.key OR NEW.app <> OLD.app OR NEW.token <> OLD.token
    OR NEW.begun <> OLD.begun OR NEW.began_ms <> OLD.began_ms OR NEW.forgotten < OLD.forgotten
    OR (NEW.forgotten AND NEW.phase NOT IN ('Complete', 'RolledBack', 'Destroyed'))
BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER runs_follow_their_lines BEFORE UPDATE OF phase ON runs WHEN NEW.phase <> OLD.phase
BEGIN
    SELECT CASE
        WHEN NEW.phase IS NOT (
            SELECT phase FROM lines WHERE run = NEW.run AND phase IS NOT NULL ORDER BY seq DESC LIMIT 1
        ) THEN RAISE(ABORT, 'kept')
        WHEN NEW.phase NOT IN ('Complete', 'RolledBack', 'Destroyed') AND EXISTS (
            SELECT 1 FROM runs
            WHERE key = NEW.key AND run <> NEW.run AND phase NOT IN ('Complete', 'RolledBack', 'Destroyed')
        ) THEN RAISE(ABORT, 'open')
    END;
END;
