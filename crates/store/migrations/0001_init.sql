-- What every write needs beside its change.

CREATE TABLE setting (
    key {code} PRIMARY KEY,
    value {json} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};

-- Daily sequences for the numbers that people read.
CREATE TABLE counter (
    name {code} PRIMARY KEY,
    n {int} NOT NULL
) {strict};

-- The activity log: append-only; `seq` and `link` are filled once, by the sealer.
CREATE TABLE activity (
    id {uuid} PRIMARY KEY,
    at {instant} NOT NULL,
    actor {text} NOT NULL,
    actor_id {uuid},
    action {code} NOT NULL,
    subject {code} NOT NULL,
    subject_id {code} NOT NULL,
    area {code} NOT NULL,
    request {text} NOT NULL,
    detail {json} NOT NULL,
    digest {bytes} NOT NULL,
    seq {int},
    link {bytes}
) {strict};
CREATE INDEX activity_subject ON activity (subject, subject_id, id);
CREATE INDEX activity_actor ON activity (actor_id, id);
CREATE UNIQUE INDEX activity_seq ON activity (seq) WHERE seq IS NOT NULL;
CREATE INDEX activity_open ON activity (id) WHERE seq IS NULL;

-- sqlite
CREATE TRIGGER activity_content BEFORE UPDATE OF id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest ON activity
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END;
CREATE TRIGGER activity_sealed BEFORE UPDATE ON activity WHEN OLD.seq IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END;
CREATE TRIGGER activity_kept BEFORE DELETE ON activity
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END;
-- end
-- postgres
CREATE FUNCTION activity_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the activity log is append-only'; END $$;
CREATE TRIGGER activity_content BEFORE UPDATE OF id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest ON activity
FOR EACH ROW EXECUTE FUNCTION activity_refuse();
CREATE TRIGGER activity_sealed BEFORE UPDATE ON activity FOR EACH ROW WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION activity_refuse();
CREATE TRIGGER activity_kept BEFORE DELETE ON activity FOR EACH ROW EXECUTE FUNCTION activity_refuse();
-- end

-- The outbox: events for our own handlers and messages for the world, due at `run_at`.
CREATE TABLE outbox (
    id {uuid} PRIMARY KEY,
    kind {code} NOT NULL,
    once {code} UNIQUE,
    payload {json} NOT NULL,
    created_at {instant} NOT NULL,
    run_at {instant} NOT NULL,
    attempts {int} NOT NULL DEFAULT 0,
    lease {uuid},
    lease_until {instant} NOT NULL DEFAULT 0,
    done_at {instant},
    failed_at {instant},
    error {text}
) {strict};
CREATE INDEX outbox_due ON outbox (run_at, id) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE idempotency (
    key {code} PRIMARY KEY,
    fingerprint {text} NOT NULL,
    status {int} NOT NULL,
    answer {text} NOT NULL,
    created_at {instant} NOT NULL
) {strict};
CREATE INDEX idempotency_age ON idempotency (created_at);
