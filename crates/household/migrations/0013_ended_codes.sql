-- How many codes a thing had before its live one.
CREATE INDEX door_code_ended ON door_code (thing) WHERE revoked_at IS NOT NULL;
