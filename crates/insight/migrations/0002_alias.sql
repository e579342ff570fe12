-- Names of places as people say them (地名别称): entered by hand, or learned from cases whose place is known.
CREATE TABLE insight_alias (
    id {uuid} PRIMARY KEY,
    -- As texts are compared: folded, no spaces.
    alias {code} NOT NULL UNIQUE,
    -- As it was entered or found.
    written {text} NOT NULL,
    -- The registered name of the place; empty where this is a place of its own.
    place {text} NOT NULL,
    -- The grid, community or street that it lies in.
    area {code} NOT NULL,
    source {code} NOT NULL CHECK (source IN ('entered', 'learned')),
    -- Struck out by a person: not read in texts, and not learned again.
    dropped {bool} NOT NULL,
    -- Cases from which it was learned.
    cases {int} NOT NULL,
    at {instant} NOT NULL,
    by_name {text} NOT NULL
) {strict};
CREATE INDEX insight_alias_area ON insight_alias (area, alias);
