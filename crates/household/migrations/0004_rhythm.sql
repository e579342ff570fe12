-- 走访节律: homes that were met, and the day's short lists.

-- Somebody of ours was at the door: one row a home and day. `day` is the day in China since 1970.
CREATE TABLE home_visit (
    dwelling_id {uuid} NOT NULL,
    day {int} NOT NULL,
    area {code} NOT NULL,
    how {code} NOT NULL CHECK (how IN ('confirmed', 'changed', 'nobody')),
    at {instant} NOT NULL,
    by_name {text} NOT NULL,
    PRIMARY KEY (dwelling_id, day)
) {strict};
CREATE INDEX home_visit_area ON home_visit (area, at);

-- 日随查: the list of a grid and a day, made on first need; it does not change during the day.
CREATE TABLE look_round (
    id {uuid} PRIMARY KEY,
    area {code} NOT NULL,
    day {int} NOT NULL,
    made_at {instant} NOT NULL,
    UNIQUE (area, day)
) {strict};
CREATE INDEX look_round_day ON look_round (day, area);

CREATE TABLE look_round_home (
    round_id {uuid} NOT NULL REFERENCES look_round (id),
    nth {int} NOT NULL,
    dwelling_id {uuid} NOT NULL,
    -- Why it is on the list: the word, the care that is due, and for how many days nobody has been there.
    reason {code} NOT NULL,
    care {code},
    days {int},
    outcome {code} CHECK (outcome IN ('confirmed', 'changed', 'nobody')),
    settled_at {instant},
    settled_by {text},
    PRIMARY KEY (round_id, dwelling_id)
) {strict};
