-- Files that were uploaded to be looked at first; the content goes once they are imported or replaced.
CREATE TABLE import_batch (
    id {uuid} PRIMARY KEY,
    kind {code} NOT NULL,
    file_name {text} NOT NULL,
    content {bytes},
    datum {code} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    applied_at {instant},
    added {int} NOT NULL DEFAULT 0,
    changed {int} NOT NULL DEFAULT 0
) {strict};
CREATE INDEX import_batch_age ON import_batch (created_at, id);
