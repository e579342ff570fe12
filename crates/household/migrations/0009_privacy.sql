-- Nights in which what may no longer be kept is destroyed (到期销毁).
CREATE TABLE privacy_run (
    id {uuid} PRIMARY KEY,
    -- The day in China; one run a day.
    day {code} NOT NULL UNIQUE,
    started_at {instant} NOT NULL,
    finished_at {instant}
) {strict};

-- What a run destroyed (销毁记录): how much of what, under which rule. The same stands in the chained log.
CREATE TABLE privacy_destruction (
    run_id {uuid} NOT NULL REFERENCES privacy_run (id),
    -- The group of fields.
    fields {code} NOT NULL,
    -- The rule as it stood, and up to when it reached.
    rule {json} NOT NULL,
    cutoff {instant} NOT NULL,
    erased {int} NOT NULL,
    at {instant} NOT NULL,
    PRIMARY KEY (run_id, fields)
) {strict};

-- What residents ask of their data (个人信息请求): a copy, or that it is erased.
CREATE TABLE privacy_request (
    id {uuid} PRIMARY KEY,
    kind {code} NOT NULL CHECK (kind IN ('export', 'erasure')),
    resident_id {uuid} NOT NULL,
    area {code} NOT NULL,
    note {text} NOT NULL,
    asked_by {text} NOT NULL,
    asked_at {instant} NOT NULL,
    due_at {instant} NOT NULL,
    -- The case in which somebody works on it.
    case_id {uuid},
    case_number {text},
    state {code} NOT NULL CHECK (state IN ('open', 'done', 'refused')),
    ended_by {text},
    ended_at {instant},
    -- What was done, what stays and why; never what it says of the person.
    outcome {json}
) {strict};
CREATE INDEX privacy_request_due ON privacy_request (state, due_at, id);
CREATE INDEX privacy_request_resident ON privacy_request (resident_id, state);

CREATE INDEX resident_left ON resident (since) WHERE dwelling_id IS NULL;
CREATE INDEX residence_until ON residence (until);
