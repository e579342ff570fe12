-- House first, then people (先房后人): building, unit, dwelling, household, resident.
-- `n` counts rows in the order of registration: the key of the word tables, and of pages of search results.
CREATE TABLE building (
    n {serial},
    id {uuid} NOT NULL UNIQUE,
    -- Its grid: everything in the house is in the scope of who sees this.
    area {code} NOT NULL,
    kind {code} NOT NULL,
    -- 小区 or 街路巷 with its number, then the house as people say it: 锦绣花园 · 3号楼.
    place {text} NOT NULL,
    name {text} NOT NULL,
    -- Community and normalised address: two ways of writing one house are one house.
    address_key {code} NOT NULL UNIQUE,
    lat {real},
    lng {real},
    floors {int},
    batch {uuid},
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX building_area ON building (area, n);

CREATE TABLE building_unit (
    id {uuid} PRIMARY KEY,
    building_id {uuid} NOT NULL REFERENCES building (id),
    -- 单元: 2单元.
    name {text} NOT NULL,
    batch {uuid},
    UNIQUE (building_id, name)
) {strict};

CREATE TABLE dwelling (
    n {serial},
    id {uuid} NOT NULL UNIQUE,
    building_id {uuid} NOT NULL REFERENCES building (id),
    unit_id {uuid} REFERENCES building_unit (id),
    area {code} NOT NULL,
    floor {int},
    -- 户: 501.
    door {text} NOT NULL,
    address {text} NOT NULL,
    address_key {code} NOT NULL UNIQUE,
    usage {code} NOT NULL,
    -- When somebody last said that all of it is so; the first-class figure counts this.
    confirmed_at {instant},
    -- Source and last confirmation per field, see `Marks`.
    marks {json} NOT NULL,
    -- Grows with every change: the base of edits made without signal.
    version {int} NOT NULL,
    batch {uuid},
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX dwelling_fresh ON dwelling (area, confirmed_at, n);
CREATE INDEX dwelling_building ON dwelling (building_id, unit_id, floor, door);
CREATE INDEX dwelling_from_batch ON dwelling (batch) WHERE batch IS NOT NULL;

CREATE TABLE household (
    id {uuid} PRIMARY KEY,
    dwelling_id {uuid} NOT NULL REFERENCES dwelling (id),
    area {code} NOT NULL,
    kind {code} NOT NULL,
    head {uuid},
    since {instant} NOT NULL,
    -- The last of them has moved out.
    ended_at {instant},
    version {int} NOT NULL,
    batch {uuid},
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX household_dwelling ON household (dwelling_id, ended_at);
CREATE INDEX household_from_batch ON household (batch) WHERE batch IS NOT NULL;

CREATE TABLE resident (
    n {serial},
    id {uuid} NOT NULL UNIQUE,
    -- Nothing once they live in the district no more; the area stays the last one.
    dwelling_id {uuid} REFERENCES dwelling (id),
    household_id {uuid} REFERENCES household (id),
    area {code} NOT NULL,
    state {code} NOT NULL,
    name {text} NOT NULL,
    sex {code} NOT NULL,
    birth {code},
    relation {code} NOT NULL,
    residence {code} NOT NULL,
    -- Sealed; found by keyed hashes (the first 16 bytes).
    id_number {bytes},
    id_hash {bytes},
    phone {bytes},
    phone_hash {bytes},
    -- Of phone and name together, only while no identity number is known: what makes a person one.
    contact_hash {bytes},
    since {instant} NOT NULL,
    confirmed_at {instant},
    marks {json} NOT NULL,
    version {int} NOT NULL,
    batch {uuid},
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE UNIQUE INDEX resident_id_hash ON resident (id_hash) WHERE id_hash IS NOT NULL;
CREATE UNIQUE INDEX resident_contact ON resident (contact_hash) WHERE contact_hash IS NOT NULL;
CREATE INDEX resident_phone ON resident (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX resident_dwelling ON resident (dwelling_id) WHERE dwelling_id IS NOT NULL;
CREATE INDEX resident_area ON resident (area, n);
CREATE INDEX resident_from_batch ON resident (batch) WHERE batch IS NOT NULL;

-- Where somebody lived before (迁移史). The present stay is on the resident's own row.
CREATE TABLE residence (
    id {uuid} PRIMARY KEY,
    resident_id {uuid} NOT NULL REFERENCES resident (id),
    dwelling_id {uuid} NOT NULL REFERENCES dwelling (id),
    household_id {uuid},
    relation {code} NOT NULL,
    since {instant} NOT NULL,
    until {instant} NOT NULL,
    -- Why they went, and where to in words, if said.
    reason {code} NOT NULL,
    destination {text}
) {strict};
CREATE INDEX residence_resident ON residence (resident_id, until);
CREATE INDEX residence_dwelling ON residence (dwelling_id, until);

-- 关爱标签: short list, never without a basis and an end.
CREATE TABLE care_mark (
    id {uuid} PRIMARY KEY,
    resident_id {uuid} NOT NULL REFERENCES resident (id),
    area {code} NOT NULL,
    kind {code} NOT NULL,
    basis {code} NOT NULL,
    -- The version of the consent, or the rule.
    basis_note {text} NOT NULL,
    source {code} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    ended_at {instant},
    end_reason {text}
) {strict};
CREATE UNIQUE INDEX care_mark_one ON care_mark (resident_id, kind) WHERE ended_at IS NULL;
CREATE INDEX care_mark_area ON care_mark (area, kind) WHERE ended_at IS NULL;
CREATE INDEX care_mark_end ON care_mark (expires_at) WHERE ended_at IS NULL;

-- 法人和个体工商户.
CREATE TABLE legal_entity (
    n {serial},
    id {uuid} NOT NULL UNIQUE,
    uscc {code} UNIQUE,
    name {text} NOT NULL,
    kind {code} NOT NULL,
    area {code} NOT NULL,
    dwelling_id {uuid} REFERENCES dwelling (id),
    address {text} NOT NULL,
    contact_name {bytes},
    contact_phone {bytes},
    phone_hash {bytes},
    state {code} NOT NULL,
    confirmed_at {instant},
    marks {json} NOT NULL,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX legal_entity_area ON legal_entity (area, n);
CREATE INDEX legal_entity_phone ON legal_entity (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX legal_entity_dwelling ON legal_entity (dwelling_id) WHERE dwelling_id IS NOT NULL;

-- What has changed, in the order of the commits: the last change of each thing and area. A thing that is
-- no longer there, or no longer in this area, is a tombstone to who reads the feed for this area.
CREATE TABLE register_feed (
    seq {int} PRIMARY KEY,
    kind {code} NOT NULL,
    subject {uuid} NOT NULL,
    area {code} NOT NULL,
    at {instant} NOT NULL,
    UNIQUE (subject, area)
) {strict};

-- The words by which they are found; `n` is the row's number. Areas are words too, so that a search in one
-- community reads only that community's part of a list.
-- sqlite
CREATE VIRTUAL TABLE resident_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE dwelling_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE entity_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
-- end
-- postgres
CREATE TABLE resident_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX resident_words_words ON resident_words USING GIN (words);
CREATE TABLE dwelling_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX dwelling_words_words ON dwelling_words USING GIN (words);
CREATE TABLE entity_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX entity_words_words ON entity_words USING GIN (words);
-- end
