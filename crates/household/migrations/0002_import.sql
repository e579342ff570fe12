-- Files of residents (批量导入). The rows wait sealed: a file of identity numbers must not lie on a disk in clear.
CREATE TABLE resident_batch (
    id {uuid} PRIMARY KEY,
    file {text} NOT NULL,
    area {code} NOT NULL,
    headings {json} NOT NULL,
    mapping {json} NOT NULL,
    state {code} NOT NULL CHECK (state IN ('staged', 'running', 'done', 'failed', 'undone')),
    total {int} NOT NULL,
    done {int} NOT NULL DEFAULT 0,
    -- The next chunk; chunks before it are written and gone.
    chunk {int} NOT NULL DEFAULT 0,
    added {int} NOT NULL DEFAULT 0,
    known {int} NOT NULL DEFAULT 0,
    moved {int} NOT NULL DEFAULT 0,
    homes {int} NOT NULL DEFAULT 0,
    faulty {int} NOT NULL DEFAULT 0,
    removed {int} NOT NULL DEFAULT 0,
    created_by {text} NOT NULL,
    created_by_id {uuid},
    posts {json} NOT NULL,
    created_at {instant} NOT NULL,
    finished_at {instant},
    reason {text}
) {strict};
CREATE INDEX resident_batch_newest ON resident_batch (created_at, id);

CREATE TABLE resident_chunk (
    batch_id {uuid} NOT NULL REFERENCES resident_batch (id),
    seq {int} NOT NULL,
    rows {bytes} NOT NULL,
    PRIMARY KEY (batch_id, seq)
) {strict};

CREATE TABLE resident_fault (
    batch_id {uuid} NOT NULL REFERENCES resident_batch (id),
    line {int} NOT NULL,
    faults {json} NOT NULL,
    cells {bytes} NOT NULL,
    PRIMARY KEY (batch_id, line)
) {strict};

CREATE INDEX building_from_batch ON building (batch) WHERE batch IS NOT NULL;
CREATE INDEX building_unit_from_batch ON building_unit (batch) WHERE batch IS NOT NULL;
