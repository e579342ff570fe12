-- Which photos name a file: asked before a file is taken away.
CREATE INDEX case_photo_full ON case_photo (full_blob);
CREATE INDEX case_photo_small ON case_photo (small_blob);
