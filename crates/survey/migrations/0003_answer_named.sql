-- What answers of a field app called their home where nobody knows it: sealed, until somebody has placed them by hand.
ALTER TABLE survey_answer ADD COLUMN named {bytes};
CREATE INDEX survey_answer_named ON survey_answer (survey, created_at, id) WHERE named IS NOT NULL;
