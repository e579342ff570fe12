-- Files of the hotline, and what they and the push brought.
CREATE TABLE hotline_preset (
    name {code} PRIMARY KEY,
    mapping {json} NOT NULL,
    updated_by {text} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};

CREATE TABLE hotline_batch (
    id {uuid} PRIMARY KEY,
    file {text} NOT NULL,
    headings {json} NOT NULL,
    mapping {json} NOT NULL,
    state {code} NOT NULL CHECK (state IN ('staged', 'running', 'done', 'failed', 'undone')),
    -- How far it is: rows in all and done, and the byte in the staged copy where the next begins.
    total {int} NOT NULL,
    done {int} NOT NULL DEFAULT 0,
    position {int} NOT NULL DEFAULT 0,
    added {int} NOT NULL DEFAULT 0,
    known {int} NOT NULL DEFAULT 0,
    answered {int} NOT NULL DEFAULT 0,
    faulty {int} NOT NULL DEFAULT 0,
    removed {int} NOT NULL DEFAULT 0,
    created_by {text} NOT NULL,
    created_by_id {uuid},
    created_at {instant} NOT NULL,
    finished_at {instant},
    reason {text}
) {strict};
CREATE INDEX hotline_batch_newest ON hotline_batch (created_at, id);

-- A message under the hotline's own number. The hotline has used a number twice for different messages;
-- they differ by time, and the second case is known outside as NUMBER-2.
CREATE TABLE hotline_message (
    case_id {uuid} PRIMARY KEY REFERENCES case_file (id),
    number {code} NOT NULL,
    reported_at {instant} NOT NULL,
    batch_id {uuid} REFERENCES hotline_batch (id),
    -- Lines of the timeline that the import itself wrote: whatever comes after, somebody did.
    entries {int} NOT NULL
) {strict};
CREATE INDEX hotline_message_number ON hotline_message (number);
CREATE INDEX hotline_message_batch ON hotline_message (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE hotline_fault (
    batch_id {uuid} NOT NULL REFERENCES hotline_batch (id),
    line {int} NOT NULL,
    faults {json} NOT NULL,
    cells {json} NOT NULL,
    PRIMARY KEY (batch_id, line)
) {strict};

-- Where state and reply are sent back to (回传地址), and what was sent.
CREATE TABLE webhook (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    url {text} NOT NULL,
    secret {bytes} NOT NULL,
    sources {json} NOT NULL,
    active {bool} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};

CREATE TABLE webhook_delivery (
    -- The receiver sees this id on every try, so that it can show the message once.
    id {uuid} PRIMARY KEY,
    webhook_id {uuid} NOT NULL REFERENCES webhook (id),
    case_id {uuid} NOT NULL,
    body {json} NOT NULL,
    created_at {instant} NOT NULL,
    attempts {int} NOT NULL DEFAULT 0,
    last_at {instant},
    status {int},
    error {text},
    delivered_at {instant},
    failed_at {instant}
) {strict};
CREATE INDEX webhook_delivery_newest ON webhook_delivery (webhook_id, created_at, id);
