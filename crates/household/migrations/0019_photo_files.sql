-- Which photos name a file: asked before a file is taken away.
CREATE INDEX visit_photo_full ON visit_photo (full_blob);
CREATE INDEX visit_photo_small ON visit_photo (small_blob);
