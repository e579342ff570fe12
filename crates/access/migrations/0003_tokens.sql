-- Each process looks for new keys by itself now.
DELETE FROM outbox WHERE once = 'every:access.keys';

-- Since when what was made beside the sessions (field tokens) counts: what is older than the last password or second
-- factor, or was there when all other devices were ended, does not.
ALTER TABLE account ADD COLUMN tokens_from {instant} NOT NULL DEFAULT 0;
UPDATE account SET tokens_from = CASE WHEN coalesce(factor_at, 0) > coalesce(password_at, 0) THEN factor_at ELSE coalesce(password_at, 0) END;
