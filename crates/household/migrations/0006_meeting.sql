-- 周例会: when a community meets. `weekday` counts from Monday, `minute` from midnight in China.
CREATE TABLE meeting_plan (
    area {code} PRIMARY KEY,
    weekday {int} NOT NULL,
    minute {int} NOT NULL,
    place {text} NOT NULL,
    active {bool} NOT NULL,
    -- The first week for which it holds: Mondays counted since 1969-12-29.
    from_week {int} NOT NULL,
    -- Grows with every change: the base of the next one.
    version {int} NOT NULL,
    changed_at {instant} NOT NULL,
    changed_by {text} NOT NULL
) {strict};

-- The meeting of a community and a week.
CREATE TABLE meeting (
    id {uuid} PRIMARY KEY,
    area {code} NOT NULL,
    week {int} NOT NULL,
    starts_at {instant} NOT NULL,
    place {text} NOT NULL,
    -- Why it is not on its usual day: a holiday, or the secretary.
    moved {code} CHECK (moved IN ('holiday', 'hand')),
    state {code} NOT NULL CHECK (state IN ('open', 'closed')),
    -- When the system last proposed points from the figures.
    proposed_at {instant} NOT NULL,
    closed_at {instant},
    closed_by {text},
    UNIQUE (area, week)
) {strict};
CREATE INDEX meeting_week ON meeting (week, area);
CREATE INDEX meeting_soon ON meeting (starts_at) WHERE state = 'open';

-- Who is expected, who came, and guests.
CREATE TABLE meeting_person (
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    -- The account, or a word of its own for a guest.
    key {code} NOT NULL,
    account {uuid},
    name {text} NOT NULL,
    post {code} NOT NULL CHECK (post IN ('secretary', 'worker', 'guest')),
    -- Of which grids, or for whom a guest comes.
    place {text} NOT NULL,
    came {bool} NOT NULL,
    PRIMARY KEY (meeting_id, key)
) {strict};
CREATE INDEX meeting_person_account ON meeting_person (account) WHERE account IS NOT NULL;

-- A point of the agenda with what was decided.
CREATE TABLE meeting_point (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    nth {int} NOT NULL,
    kind {code} NOT NULL,
    -- What it is about, once in a meeting; a point that somebody added has its own id here.
    key {code} NOT NULL,
    -- The grid or community that it comes from.
    area {code} NOT NULL,
    subject_kind {code} CHECK (subject_kind IN ('case', 'grid', 'home')),
    subject {code},
    -- The figures as they were, for the words of the point.
    facts {json} NOT NULL,
    struck {bool} NOT NULL,
    minutes {text} NOT NULL,
    -- Grows with every writing: the base of the next one.
    version {int} NOT NULL,
    written_at {instant},
    written_by {text},
    UNIQUE (meeting_id, key)
) {strict};
CREATE INDEX meeting_point_order ON meeting_point (meeting_id, nth);

-- 待办: one person, one day.
CREATE TABLE meeting_todo (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    point_id {uuid} NOT NULL REFERENCES meeting_point (id),
    area {code} NOT NULL,
    words {text} NOT NULL,
    responsible {uuid} NOT NULL,
    responsible_name {text} NOT NULL,
    -- The day in China since 1970 by whose end it is done.
    due {int} NOT NULL,
    subject_kind {code} CHECK (subject_kind IN ('case', 'grid', 'home')),
    subject {code},
    subject_words {text} NOT NULL,
    -- Whose rights decide who may open it.
    subject_area {code} NOT NULL,
    state {code} NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    result {text} NOT NULL,
    settled_at {instant},
    settled_by {text},
    made_at {instant} NOT NULL,
    made_by {text} NOT NULL,
    version {int} NOT NULL
) {strict};
CREATE INDEX meeting_todo_meeting ON meeting_todo (meeting_id);
CREATE INDEX meeting_todo_area ON meeting_todo (area, state, due, id);
CREATE INDEX meeting_todo_person ON meeting_todo (responsible, state, due, id);

-- 补记: what was added to minutes after their end.
CREATE TABLE meeting_note (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    words {text} NOT NULL,
    by_name {text} NOT NULL,
    at {instant} NOT NULL
) {strict};
CREATE INDEX meeting_note_meeting ON meeting_note (meeting_id, at, id);
