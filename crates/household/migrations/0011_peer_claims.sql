-- What another system says against what is known, and what weighs too little to be taken: somebody of ours looks.
ALTER TABLE claim ADD COLUMN peer {text};
-- The peer's own number of the person.
ALTER TABLE claim ADD COLUMN external_id {text};
CREATE INDEX claim_peer ON claim (peer, external_id, submitted_at) WHERE peer IS NOT NULL;
