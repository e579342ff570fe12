-- A drawn home leaves its check when somebody who was on record there at the draw has their data erased: the copy that the
-- check compares with is gone, so nothing more is judged of it. What was judged before stays; the draw itself too.
ALTER TABLE spot_home ADD COLUMN left_at {instant};
