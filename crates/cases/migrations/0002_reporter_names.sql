-- A reporter is found by the whole name or its pinyin initials without the name being readable: keyed hashes.
ALTER TABLE case_file ADD COLUMN name_hash {bytes};
ALTER TABLE case_file ADD COLUMN initials_hash {bytes};
CREATE INDEX case_file_name ON case_file (name_hash) WHERE name_hash IS NOT NULL;
CREATE INDEX case_file_initials ON case_file (initials_hash) WHERE initials_hash IS NOT NULL;
-- Cases from before: the job empties this index, and finds it empty from then on.
CREATE INDEX case_file_unnamed ON case_file (id) WHERE reporter_name IS NOT NULL AND name_hash IS NULL;
