-- What readers of texts follow: which cases there are and when each last changed, in numbers without gaps
-- in time: a later commit never has a smaller number (see tide.rs).
CREATE TABLE insight_tide (
    id {int} PRIMARY KEY CHECK (id = 1),
    n {int} NOT NULL,
    -- Which run of numbers this is: a database brought back from a backup starts another.
    mark {uuid}
) {strict};
INSERT INTO insight_tide (id, n) VALUES (1, 0);

CREATE TABLE insight_case (
    case_id {uuid} PRIMARY KEY,
    -- Its number in the indexes: the change by which it came.
    n {int} NOT NULL UNIQUE,
    change {int} NOT NULL UNIQUE,
    area {code} NOT NULL,
    -- Whether it stands for itself: not declined, not merged, no task within another case.
    listed {bool} NOT NULL
) {strict};
CREATE INDEX insight_case_area ON insight_case (area);

-- Every model that was trained, with how well it did on cases that it had not seen.
CREATE TABLE insight_model (
    kind {code} NOT NULL CHECK (kind IN ('category', 'nature', 'whistle')),
    version {int} NOT NULL,
    blob {code} NOT NULL,
    bytes {int} NOT NULL,
    labels {int} NOT NULL,
    trained_on {int} NOT NULL,
    held_back {int} NOT NULL,
    macro_f1 {real} NOT NULL,
    accuracy {real} NOT NULL,
    ece {real} NOT NULL,
    -- The one in use at that time, judged on the same cases.
    before_f1 {real},
    seconds {real} NOT NULL,
    at {instant} NOT NULL,
    by_name {text} NOT NULL,
    PRIMARY KEY (kind, version)
) {strict};

-- Which version was in use from when; the newest that has not ended is the one now.
CREATE TABLE insight_use (
    kind {code} NOT NULL,
    seq {int} NOT NULL,
    version {int} NOT NULL,
    at {instant} NOT NULL,
    by_name {text} NOT NULL,
    ended_at {instant},
    ended_by {text},
    PRIMARY KEY (kind, seq),
    FOREIGN KEY (kind, version) REFERENCES insight_model (kind, version)
) {strict};

-- Hot issues: a place, a problem, many people (热点问题).
CREATE TABLE insight_issue (
    id {uuid} PRIMARY KEY,
    -- The street in which all of its cases lie.
    street {code} NOT NULL,
    place {text} NOT NULL,
    problem {text} NOT NULL,
    at {instant} NOT NULL
) {strict};
CREATE INDEX insight_issue_street ON insight_issue (street);

CREATE TABLE insight_member (
    issue_id {uuid} NOT NULL REFERENCES insight_issue (id),
    case_id {uuid} NOT NULL REFERENCES insight_case (case_id),
    -- The same for the same reporter, and nothing else.
    person {text} NOT NULL,
    supporters {int} NOT NULL,
    day {int} NOT NULL,
    PRIMARY KEY (issue_id, case_id)
) {strict};
CREATE INDEX insight_member_case ON insight_member (case_id);
