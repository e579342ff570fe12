-- Who has the phone, as they say: asked where nobody has confirmed a number for long, because numbers are given out again.
ALTER TABLE phone_proof ADD COLUMN name {bytes};
