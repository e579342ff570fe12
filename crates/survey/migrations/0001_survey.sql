-- Forms of a community (自定义走访表单): one row per form id, one per file that was read.
CREATE TABLE survey (
    id {uuid} PRIMARY KEY,
    -- Whose it is: a district, street or community.
    area {code} NOT NULL,
    -- `form_id` of the file; field apps know the form by it, so it is one in the district.
    name {code} NOT NULL UNIQUE,
    title {text} NOT NULL,
    state {code} NOT NULL,
    -- The published version.
    current {uuid},
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX survey_area ON survey (area, updated_at, id);

CREATE TABLE survey_version (
    id {uuid} PRIMARY KEY,
    survey {uuid} NOT NULL REFERENCES survey (id),
    number {int} NOT NULL,
    -- What field apps call it.
    version {code} NOT NULL,
    title {text} NOT NULL,
    file_name {text} NOT NULL,
    file {bytes} NOT NULL,
    -- The form, read, and what was odd about it.
    definition {json} NOT NULL,
    problems {json} NOT NULL,
    questions {int} NOT NULL,
    md5 {code} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    published_at {instant},
    UNIQUE (survey, number),
    UNIQUE (survey, version)
) {strict};

CREATE TABLE survey_answer (
    id {uuid} PRIMARY KEY,
    survey {uuid} NOT NULL REFERENCES survey (id),
    version {uuid} NOT NULL REFERENCES survey_version (id),
    -- What the asking device calls it: the same sent twice is the same.
    instance {code} NOT NULL,
    area {code} NOT NULL,
    -- The home and the visit it belongs to, of the household register.
    dwelling {uuid},
    visit {uuid},
    source {code} NOT NULL,
    -- The answers, sealed.
    sealed {bytes} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    UNIQUE (survey, instance)
) {strict};
CREATE INDEX survey_answer_newest ON survey_answer (survey, created_at, id);
CREATE INDEX survey_answer_dwelling ON survey_answer (dwelling, created_at) WHERE dwelling IS NOT NULL;
CREATE INDEX survey_answer_visit ON survey_answer (visit) WHERE visit IS NOT NULL;

-- Photos by the name that the answers give them.
CREATE TABLE survey_photo (
    answer {uuid} NOT NULL REFERENCES survey_answer (id),
    name {text} NOT NULL,
    blob {code} NOT NULL,
    small {code} NOT NULL,
    PRIMARY KEY (answer, name)
) {strict};

-- What a field app shows instead of a password: for forms only, ended at any time.
CREATE TABLE survey_token (
    id {uuid} PRIMARY KEY,
    account {uuid} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    created_at {instant} NOT NULL,
    revoked_at {instant},
    last_used_at {instant}
) {strict};
CREATE INDEX survey_token_account ON survey_token (account, created_at);
