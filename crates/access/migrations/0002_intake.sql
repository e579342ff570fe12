-- Sheets of accounts (账号导入): what stands in them is sealed, and gone once it is imported; the first
-- passwords wait sealed until they are handed out, once.
CREATE TABLE account_intake (
    id {uuid} PRIMARY KEY,
    file {text} NOT NULL,
    sheet {bytes},
    passwords {bytes},
    added {int} NOT NULL DEFAULT 0,
    created_by {text} NOT NULL,
    created_at {instant} NOT NULL,
    applied_at {instant},
    handed_at {instant}
) {strict};
CREATE INDEX account_intake_newest ON account_intake (created_at, id);

-- Posts that a sheet asks for (岗位申请): the system administrator asks, the security officer decides.
CREATE TABLE post_wish (
    id {uuid} PRIMARY KEY,
    account_id {uuid} NOT NULL REFERENCES account (id),
    role {code} NOT NULL,
    area {code} NOT NULL,
    org_id {uuid} NOT NULL,
    asked_by {text} NOT NULL,
    asked_at {instant} NOT NULL,
    decided_at {instant},
    decided_by {text},
    granted {bool}
) {strict};
CREATE INDEX post_wish_open ON post_wish (asked_at, id) WHERE decided_at IS NULL;
