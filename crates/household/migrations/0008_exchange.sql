-- What is shared with another platform (数据共享协议): which fields, of which areas, what for, until when. It is
-- never edited: who needs more concludes a new one.
CREATE TABLE exchange_agreement (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    -- The other platform. Its external ids outlive one agreement.
    peer {code} NOT NULL,
    purpose {text} NOT NULL,
    basis {code} NOT NULL,
    basis_note {text} NOT NULL,
    direction {code} NOT NULL CHECK (direction IN ('out', 'in', 'both')),
    fields {json} NOT NULL,
    areas {json} NOT NULL,
    -- Whether what the peer says that it has checked counts as checked.
    trusted {bool} NOT NULL,
    starts_at {instant} NOT NULL,
    ends_at {instant} NOT NULL,
    ended_at {instant},
    end_reason {text},
    -- The key by which the peer is known; one at a time.
    key_id {uuid} NOT NULL,
    -- Where news is sent, and how far they have been told.
    url {text},
    secret {bytes},
    cursor {int} NOT NULL,
    push_lease {instant} NOT NULL,
    retry_at {instant},
    failures {int} NOT NULL,
    stopped_at {instant},
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL
) {strict};
CREATE UNIQUE INDEX exchange_agreement_key ON exchange_agreement (key_id);
CREATE INDEX exchange_agreement_newest ON exchange_agreement (created_at, id);

-- One message to a peer: a stretch of the feed. No personal data lie here; a repeat is made anew from the stretch.
CREATE TABLE exchange_delivery (
    id {uuid} PRIMARY KEY,
    agreement_id {uuid} NOT NULL REFERENCES exchange_agreement (id),
    -- From (not included) and to (included).
    from_seq {int} NOT NULL,
    to_seq {int} NOT NULL,
    changes {int} NOT NULL,
    created_at {instant} NOT NULL,
    attempts {int} NOT NULL DEFAULT 0,
    last_at {instant},
    status {int},
    error {text},
    delivered_at {instant},
    UNIQUE (agreement_id, from_seq)
) {strict};
CREATE INDEX exchange_delivery_newest ON exchange_delivery (agreement_id, created_at, id);

-- Which people a peer was told of: what they themselves are told when they ask.
CREATE TABLE exchange_told (
    agreement_id {uuid} NOT NULL REFERENCES exchange_agreement (id),
    resident_id {uuid} NOT NULL,
    first_at {instant} NOT NULL,
    last_at {instant} NOT NULL,
    PRIMARY KEY (resident_id, agreement_id)
) {strict};

-- Whom a peer knows under its own number.
CREATE TABLE exchange_external (
    peer {code} NOT NULL,
    external_id {code} NOT NULL,
    resident_id {uuid} NOT NULL REFERENCES resident (id),
    last_at {instant} NOT NULL,
    PRIMARY KEY (peer, external_id)
) {strict};
CREATE INDEX exchange_external_resident ON exchange_external (resident_id, peer);

-- What came in, by the call.
CREATE TABLE exchange_intake (
    id {uuid} PRIMARY KEY,
    agreement_id {uuid} NOT NULL REFERENCES exchange_agreement (id),
    at {instant} NOT NULL,
    created {int} NOT NULL,
    updated {int} NOT NULL,
    unchanged {int} NOT NULL,
    conflict {int} NOT NULL,
    error {int} NOT NULL
) {strict};
CREATE INDEX exchange_intake_newest ON exchange_intake (agreement_id, at, id);
