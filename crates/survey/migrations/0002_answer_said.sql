-- A keyed hash of what a device sent: under the same name the same again is a repeat, anything else is not. Nothing on
-- what came before this was kept.
ALTER TABLE survey_answer ADD COLUMN said {bytes};
