-- By which phone a request is read again, also once the phone is erased from the register: the answer must reach them.
-- Taken away some days after the answer.
ALTER TABLE privacy_request ADD COLUMN phone_hash {bytes};
CREATE INDEX privacy_request_phone ON privacy_request (phone_hash) WHERE phone_hash IS NOT NULL;
