-- A case: what lists, boards and scopes ask for in columns, what only the rules need in `rest`.
CREATE TABLE case_file (
    id {uuid} PRIMARY KEY,
    number {code} NOT NULL UNIQUE,
    source {code} NOT NULL,
    -- The number that another system knows it by, for example the hotline's.
    external {code},
    nature {code} NOT NULL,
    area {code} NOT NULL,
    state {code} NOT NULL,
    whistle {code} NOT NULL,
    level {code} NOT NULL,
    lead {uuid} NOT NULL,
    category {code},
    urgent {bool} NOT NULL,
    urgent_confirmed {bool} NOT NULL,
    anonymous {bool} NOT NULL,
    hidden {bool} NOT NULL,
    reachable {bool} NOT NULL,
    -- What waits for a decision: return, extension, suspension.
    ask {code},
    -- When the next running clock breaks, and when the sweep has to look.
    next_due {instant},
    sweep_at {instant},
    title {text} NOT NULL,
    body {text} NOT NULL,
    address {text} NOT NULL,
    lat {real},
    lng {real},
    parent {uuid} REFERENCES case_file (id),
    merged_into {uuid} REFERENCES case_file (id),
    reported_by {uuid},
    reported_at {instant} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    dispatched_at {instant},
    ended_at {instant},
    outcome {code},
    satisfaction {code},
    -- For the rates: the promise to contact, and the last valid call back.
    contact_kept {bool},
    called_at {instant},
    call_solved {bool},
    call_satisfied {bool},
    reporter_name {bytes},
    reporter_phone {bytes},
    phone_hash {bytes},
    token_hash {bytes} NOT NULL UNIQUE,
    entries {int} NOT NULL,
    rest {json} NOT NULL
) {strict};
CREATE UNIQUE INDEX case_file_external ON case_file (source, external) WHERE external IS NOT NULL;
CREATE INDEX case_file_newest ON case_file (reported_at, id);
CREATE INDEX case_file_area ON case_file (area, reported_at, id);
CREATE INDEX case_file_state ON case_file (state, reported_at, id);
CREATE INDEX case_file_due ON case_file (next_due, id) WHERE next_due IS NOT NULL;
CREATE INDEX case_file_sweep ON case_file (sweep_at) WHERE sweep_at IS NOT NULL;
CREATE INDEX case_file_ask ON case_file (ask, area) WHERE ask IS NOT NULL;
CREATE INDEX case_file_parent ON case_file (parent) WHERE parent IS NOT NULL;
CREATE INDEX case_file_merged ON case_file (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX case_file_phone ON case_file (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX case_file_reporter ON case_file (reported_by, reported_at) WHERE reported_by IS NOT NULL;

-- Who takes part: the lead, those who assist, and whom a return names. The same list that the policy reads.
CREATE TABLE case_org (
    case_id {uuid} NOT NULL REFERENCES case_file (id),
    org_id {uuid} NOT NULL,
    role {code} NOT NULL CHECK (role IN ('lead', 'assisting', 'proposed')),
    PRIMARY KEY (case_id, org_id)
) {strict};
CREATE INDEX case_org_org ON case_org (org_id, case_id);

-- The timeline of a case, as its page tells it; the activity log beside it is the proof.
CREATE TABLE case_entry (
    case_id {uuid} NOT NULL REFERENCES case_file (id),
    seq {int} NOT NULL,
    at {instant} NOT NULL,
    action {code} NOT NULL,
    who {json} NOT NULL,
    name {text} NOT NULL,
    org_id {uuid},
    from_state {code},
    to_state {code} NOT NULL,
    public {bool} NOT NULL,
    note {text},
    facts {json} NOT NULL,
    PRIMARY KEY (case_id, seq)
) {strict};

CREATE TABLE case_photo (
    id {uuid} PRIMARY KEY,
    case_id {uuid} NOT NULL REFERENCES case_file (id),
    seq {int} NOT NULL,
    -- By the reporter, or by those who work on it.
    role {code} NOT NULL CHECK (role IN ('report', 'work')),
    full_blob {code} NOT NULL,
    small_blob {code} NOT NULL,
    public {bool} NOT NULL,
    created_at {instant} NOT NULL
) {strict};
CREATE INDEX case_photo_case ON case_photo (case_id, id);

-- Messages for those who work for an organisation, until somebody there has seen them.
CREATE TABLE case_notice (
    id {uuid} PRIMARY KEY,
    case_id {uuid} NOT NULL REFERENCES case_file (id),
    org_id {uuid},
    kind {code} NOT NULL,
    at {instant} NOT NULL,
    seen_at {instant}
) {strict};
CREATE INDEX case_notice_org ON case_notice (org_id, at) WHERE seen_at IS NULL;
CREATE INDEX case_notice_case ON case_notice (case_id);

-- What a dispatcher decided otherwise than was suggested.
CREATE TABLE case_correction (
    case_id {uuid} PRIMARY KEY REFERENCES case_file (id),
    at {instant} NOT NULL,
    by_name {text} NOT NULL,
    suggested_category {code},
    category {code},
    suggested_lead {uuid},
    lead {uuid} NOT NULL
) {strict};
CREATE INDEX case_correction_category ON case_correction (category, at);

CREATE TABLE reply_template (
    id {uuid} PRIMARY KEY,
    category {code},
    state {code},
    title {text} NOT NULL,
    body {text} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX reply_template_use ON reply_template (state, category);

-- sqlite
CREATE VIRTUAL TABLE case_words USING fts5 (case_id UNINDEXED, words, tokenize = 'unicode61 remove_diacritics 0');
-- end
-- postgres
CREATE TABLE case_words (case_id UUID PRIMARY KEY REFERENCES case_file (id), words TSVECTOR NOT NULL);
CREATE INDEX case_words_words ON case_words USING GIN (words);
-- end
