-- A house or door that was registered by mistake is closed, not taken away: what happened there stays, and its address
-- is free for the one that is really there.
ALTER TABLE dwelling ADD COLUMN closed_at {instant};
ALTER TABLE dwelling ADD COLUMN closed_why {text};
ALTER TABLE building ADD COLUMN closed_at {instant};
ALTER TABLE building ADD COLUMN closed_why {text};
-- The figures of freshness are read from the index alone, closed ones left out.
DROP INDEX dwelling_fresh;
CREATE INDEX dwelling_fresh ON dwelling (area, confirmed_at, n, closed_at);
