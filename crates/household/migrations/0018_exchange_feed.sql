-- A peer's own feed: each thing of its agreement at the number under which what the agreement names of it last
-- changed. Other changes of the thing leave it where it is, so a peer neither hears of them nor loses its place.
-- Nothing of the thing lies here: a keyed hash says whether what may be told is still the same.
CREATE TABLE exchange_feed (
    agreement_id {uuid} NOT NULL REFERENCES exchange_agreement (id),
    subject {uuid} NOT NULL,
    seq {int} NOT NULL,
    kind {code} NOT NULL,
    at {instant} NOT NULL,
    print {bytes} NOT NULL,
    PRIMARY KEY (agreement_id, subject)
) {strict};
CREATE INDEX exchange_feed_seq ON exchange_feed (agreement_id, seq);
-- Up to here the register's feed has been looked through for this agreement.
ALTER TABLE exchange_agreement ADD COLUMN scanned {int} NOT NULL DEFAULT 0;
