-- What was on record of a drawn home at the draw: the checker compares with this, not with what somebody has mended
-- since. Sealed, masked as on the card, and gone once the check is finished or its month over.
ALTER TABLE spot_home ADD COLUMN record {bytes};
-- How many people lived there by then: it decides which fields are checked.
ALTER TABLE spot_home ADD COLUMN people {int};
