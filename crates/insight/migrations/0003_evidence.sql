-- How right a model was on cases that it had not seen, by how sure it was: level by level of its answers twenty
-- bands of five per cent, each with answers given and right ones. Without it a model keeps silent.
ALTER TABLE insight_model ADD COLUMN evidence {json};
