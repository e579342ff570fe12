-- 月抽查: a random sample of a grid's homes, checked by somebody else than its worker.
CREATE TABLE spot_check (
    id {uuid} PRIMARY KEY,
    area {code} NOT NULL,
    -- Months since the year nought, in China.
    month {int} NOT NULL,
    -- What the draw was made from: anybody can make it again.
    seed {text} NOT NULL,
    frame {text} NOT NULL,
    digest {text} NOT NULL,
    size {int} NOT NULL,
    drawn_at {instant} NOT NULL,
    drawn_by {text} NOT NULL,
    checker {uuid} NOT NULL,
    checker_name {text} NOT NULL,
    done_at {instant},
    UNIQUE (area, month)
) {strict};
CREATE INDEX spot_check_checker ON spot_check (checker, month);
CREATE INDEX spot_check_month ON spot_check (month, area);

CREATE TABLE spot_home (
    check_id {uuid} NOT NULL REFERENCES spot_check (id),
    -- The home's number of registration: what the frame lists.
    n {int} NOT NULL,
    dwelling_id {uuid} NOT NULL,
    noted_at {instant},
    PRIMARY KEY (check_id, n)
) {strict};

CREATE TABLE spot_answer (
    check_id {uuid} NOT NULL REFERENCES spot_check (id),
    dwelling_id {uuid} NOT NULL,
    field {code} NOT NULL CHECK (field IN ('usage', 'people', 'identity', 'phone', 'residence')),
    answer {code} NOT NULL CHECK (answer IN ('right', 'wrong', 'unknown')),
    PRIMARY KEY (check_id, dwelling_id, field)
) {strict};
