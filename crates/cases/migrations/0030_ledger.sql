-- The order in which cases change, for the ledgers that processes keep in memory: written by the database itself
-- in the transaction that changes a case, so that no writer can forget it. Rows are only added; a job takes old ones.
-- sqlite
-- There is one writer: numbers come in the order of the commits.
CREATE TABLE case_change (mark INTEGER PRIMARY KEY, case_id BLOB NOT NULL) STRICT;
CREATE TRIGGER case_file_born AFTER INSERT ON case_file
BEGIN INSERT INTO case_change (case_id) VALUES (NEW.id); END;
CREATE TRIGGER case_file_moved AFTER UPDATE OF source, area, state, whistle, level, lead, category, urgent, urgent_confirmed, reachable, ask,
    next_due, parent, reported_at, ended_at, contact_kept, called_at, call_solved, call_satisfied ON case_file
BEGIN INSERT INTO case_change (case_id) VALUES (NEW.id); END;
CREATE TRIGGER case_file_gone AFTER DELETE ON case_file
BEGIN INSERT INTO case_change (case_id) VALUES (OLD.id); END;
-- end
-- postgres
-- Writers commit in any order: the mark is the transaction's own number, and a reader goes on from the oldest that was
-- still running when it looked.
CREATE TABLE case_change (mark BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint), case_id UUID NOT NULL);
CREATE INDEX case_change_mark ON case_change (mark);
CREATE FUNCTION case_file_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO case_change (case_id) VALUES (CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE TRIGGER case_file_born AFTER INSERT OR DELETE ON case_file FOR EACH ROW EXECUTE FUNCTION case_file_changed();
CREATE TRIGGER case_file_moved AFTER UPDATE OF source, area, state, whistle, level, lead, category, urgent, urgent_confirmed, reachable, ask,
    next_due, parent, reported_at, ended_at, contact_kept, called_at, call_solved, call_satisfied ON case_file
FOR EACH ROW EXECUTE FUNCTION case_file_changed();
-- end
