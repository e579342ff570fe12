-- Visits made without signal (离线走访): what a phone brought up, each entry once under the id that the phone gave it.
CREATE TABLE visit_entry (
    id {uuid} PRIMARY KEY,
    account_id {uuid} NOT NULL,
    who {text} NOT NULL,
    dwelling_id {uuid} NOT NULL,
    area {code} NOT NULL,
    act {code} NOT NULL,
    outcome {code} NOT NULL,
    -- Of what was sent: the same id with other content is a mistake of the phone and is told as one.
    fingerprint {text} NOT NULL,
    -- When it was at the door, and when it came up.
    at {instant} NOT NULL,
    received_at {instant} NOT NULL,
    -- Sealed.
    note {bytes}
) {strict};
CREATE INDEX visit_entry_dwelling ON visit_entry (dwelling_id, at);
CREATE INDEX visit_entry_old ON visit_entry (received_at);

-- Photos come up before the entry that names them, each once under its own id.
CREATE TABLE visit_photo (
    id {uuid} PRIMARY KEY,
    account_id {uuid} NOT NULL,
    -- Nothing until its entry is there.
    entry_id {uuid},
    area {code},
    full_blob {text} NOT NULL,
    small_blob {text} NOT NULL,
    received_at {instant} NOT NULL
) {strict};
CREATE INDEX visit_photo_entry ON visit_photo (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX visit_photo_old ON visit_photo (received_at);
