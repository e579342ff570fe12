-- Which photos name a file: asked before a file is taken away.
CREATE INDEX survey_photo_full ON survey_photo (blob);
CREATE INDEX survey_photo_small ON survey_photo (small);
