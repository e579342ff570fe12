-- Keys of sealed fields, wrapped by the master key that is not here.
CREATE TABLE data_key (
    n {int} PRIMARY KEY,
    purpose {code} NOT NULL,
    kind {code} NOT NULL CHECK (kind IN ('data', 'lookup')),
    suite {code} NOT NULL,
    master {code} NOT NULL,
    wrapped {bytes} NOT NULL,
    created_at {instant} NOT NULL
) {strict};
CREATE UNIQUE INDEX data_key_lookup ON data_key (purpose) WHERE kind = 'lookup';

CREATE TABLE account (
    id {uuid} PRIMARY KEY,
    login {code} NOT NULL UNIQUE,
    name {text} NOT NULL,
    initials {code} NOT NULL,
    area {code} NOT NULL,
    phone {bytes},
    phone_hash {bytes},
    status {code} NOT NULL CHECK (status IN ('active', 'disabled')),
    password {text},
    password_at {instant},
    must_change {bool} NOT NULL,
    factor {bytes},
    factor_at {instant},
    factor_step {int} NOT NULL DEFAULT 0,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    last_login_at {instant}
) {strict};
CREATE INDEX account_area ON account (area, id);
CREATE INDEX account_phone ON account (phone_hash) WHERE phone_hash IS NOT NULL;

-- Who serves where as what, from when until when.
CREATE TABLE post (
    id {uuid} PRIMARY KEY,
    account_id {uuid} NOT NULL REFERENCES account (id),
    role {code} NOT NULL,
    area {code} NOT NULL,
    org_id {uuid} NOT NULL,
    from_at {instant} NOT NULL,
    until_at {instant},
    granted_by {text} NOT NULL
) {strict};
CREATE INDEX post_account ON post (account_id);
CREATE INDEX post_place ON post (role, area);
CREATE INDEX post_org ON post (org_id);

CREATE TABLE recovery_code (
    account_id {uuid} NOT NULL REFERENCES account (id),
    hash {bytes} NOT NULL,
    used_at {instant},
    PRIMARY KEY (account_id, hash)
) {strict};

CREATE TABLE session (
    id {uuid} PRIMARY KEY,
    token_hash {bytes} NOT NULL UNIQUE,
    account_id {uuid} NOT NULL REFERENCES account (id),
    factor_done {bool} NOT NULL,
    device {text} NOT NULL,
    source {text} NOT NULL,
    created_at {instant} NOT NULL,
    seen_at {instant} NOT NULL,
    idle_ms {int} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant}
) {strict};
CREATE INDEX session_account ON session (account_id, created_at);
CREATE INDEX session_age ON session (expires_at);

-- Failed tries per login name and per source; a name that has no account is counted the same way.
CREATE TABLE throttle (
    key {code} PRIMARY KEY,
    failures {int} NOT NULL,
    last_at {instant} NOT NULL,
    until_at {instant} NOT NULL
) {strict};
CREATE INDEX throttle_age ON throttle (last_at);

CREATE TABLE api_key (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    prefix {code} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    scopes {json} NOT NULL,
    area {code} NOT NULL,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant},
    last_used_at {instant}
) {strict};
CREATE INDEX api_key_age ON api_key (created_at, id);
