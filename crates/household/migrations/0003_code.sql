-- One code (一码): what hangs at a door, and what is said through it.
-- The number and a keyed hash of it are all that a label holds. Things are named without foreign keys: a house whose
-- import is undone goes, and its labels then answer like revoked ones.
CREATE TABLE door_code (
    n {serial},
    id {uuid} NOT NULL UNIQUE,
    kind {code} NOT NULL,
    -- The home, staircase or house that it is for.
    thing {uuid} NOT NULL,
    building_id {uuid} NOT NULL,
    area {code} NOT NULL,
    issued_by {text} NOT NULL,
    issued_at {instant} NOT NULL,
    revoked_by {text},
    revoked_at {instant},
    reason {text}
) {strict};
CREATE UNIQUE INDEX door_code_live ON door_code (thing) WHERE revoked_at IS NULL;
CREATE INDEX door_code_building ON door_code (building_id, revoked_at);

-- A phone that was asked for a code, and for a while after it, a phone that is proven.
CREATE TABLE phone_proof (
    id {uuid} PRIMARY KEY,
    -- The code at the door through which it was asked, if there was one.
    code_id {uuid},
    phone {bytes} NOT NULL,
    phone_hash {bytes} NOT NULL,
    -- Sealed until it is over: the message is made of it.
    digits {bytes} NOT NULL,
    tries {int} NOT NULL,
    asked_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    proven_at {instant},
    -- Of what the browser keeps.
    session {bytes},
    session_until {instant}
) {strict};
CREATE INDEX phone_proof_phone ON phone_proof (phone_hash, asked_at);
CREATE INDEX phone_proof_code ON phone_proof (code_id, asked_at) WHERE code_id IS NOT NULL;
CREATE UNIQUE INDEX phone_proof_session ON phone_proof (session) WHERE session IS NOT NULL;
CREATE INDEX phone_proof_old ON phone_proof (asked_at);

-- What residents say of their home (居民自填), until somebody has compared it (核对).
CREATE TABLE claim (
    id {uuid} PRIMARY KEY,
    number {text} NOT NULL UNIQUE,
    code_id {uuid},
    building_id {uuid} NOT NULL,
    -- Nothing while the door is not registered.
    dwelling_id {uuid},
    area {code} NOT NULL,
    -- As the door is called, for lists.
    address {text} NOT NULL,
    kind {code} NOT NULL,
    -- What stands against taking it as it is, joined by commas; empty: nothing.
    conflicts {text} NOT NULL,
    state {code} NOT NULL,
    -- Sealed; nothing once its time is over.
    content {bytes},
    -- Who says it: the phone they gave, and whether they have shown that it is theirs.
    phone_hash {bytes},
    proven {bool} NOT NULL,
    -- The versions of home and people that it was said over.
    base {text} NOT NULL,
    -- Version of the words that were agreed to.
    consent {text} NOT NULL,
    people {int} NOT NULL,
    version {int} NOT NULL,
    submitted_at {instant} NOT NULL,
    decided_at {instant},
    decided_by {text},
    -- What was asked again, or why it was not taken.
    reason {text},
    -- Which fields were taken and which not; no values.
    outcome {json}
) {strict};
CREATE INDEX claim_waiting ON claim (area, submitted_at, id) WHERE state = 'waiting';
CREATE INDEX claim_dwelling ON claim (dwelling_id, state) WHERE dwelling_id IS NOT NULL;
CREATE INDEX claim_code ON claim (code_id, submitted_at) WHERE code_id IS NOT NULL;
CREATE INDEX claim_decided ON claim (decided_at) WHERE content IS NOT NULL;

-- The identity numbers in waiting entries, to notice one that two homes claim.
CREATE TABLE claim_number (
    claim_id {uuid} NOT NULL REFERENCES claim (id),
    id_hash {bytes} NOT NULL,
    PRIMARY KEY (claim_id, id_hash)
) {strict};
CREATE INDEX claim_number_hash ON claim_number (id_hash);
