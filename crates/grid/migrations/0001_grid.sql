-- The ground: areas of four levels, one code each (区划、网格).
CREATE TABLE area (
    code {code} PRIMARY KEY,
    level {code} NOT NULL CHECK (level IN ('district', 'street', 'community', 'grid')),
    name {text} NOT NULL,
    official {text},
    kind {code} CHECK (kind IN ('basic', 'dedicated')),
    residents {int} NOT NULL DEFAULT 0,
    households {int} NOT NULL DEFAULT 0,
    -- The card of a grid: its names and duty numbers hang on a board in the street.
    worker_id {uuid},
    worker {text},
    worker_phone {text},
    deputy_id {uuid},
    deputy {text},
    deputy_phone {text},
    supervision_phone {text},
    updated_at {instant} NOT NULL
) {strict};

-- The land of an area: GeoJSON geometry in WGS-84, and where its label goes.
CREATE TABLE area_shape (
    area {code} PRIMARY KEY REFERENCES area (code),
    geometry {json} NOT NULL,
    lon {real} NOT NULL,
    lat {real} NOT NULL,
    square_metres {real} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};

-- Who can hold a case (承办单位).
CREATE TABLE org (
    id {uuid} PRIMARY KEY,
    code {code} NOT NULL UNIQUE,
    name {text} NOT NULL,
    short {text} NOT NULL,
    kind {code} NOT NULL,
    area {code} NOT NULL REFERENCES area (code),
    parent_id {uuid} REFERENCES org (id),
    -- Sits in its centre all day (常驻).
    standing {bool} NOT NULL,
    -- Its word in the duty list: departments and street sections.
    duty_code {code},
    purpose {text} NOT NULL,
    active {bool} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};
CREATE INDEX org_area ON org (area, kind);

-- The tree of categories: two digits per level (案件类别).
CREATE TABLE category (
    code {code} PRIMARY KEY,
    parent {code} REFERENCES category (code),
    name {text} NOT NULL,
    photo_required {bool} NOT NULL,
    active {bool} NOT NULL,
    updated_at {instant} NOT NULL
) {strict};

-- The duty list (主责清单): who leads a category, who assists, on which basis, to which standard.
CREATE TABLE duty (
    category {code} PRIMARY KEY REFERENCES category (code),
    lead_id {uuid} NOT NULL REFERENCES org (id),
    -- The street section that takes it first, by its word.
    section {code},
    basis {text},
    standard {text} NOT NULL,
    days {int},
    updated_at {instant} NOT NULL
) {strict};

CREATE TABLE duty_assist (
    category {code} NOT NULL REFERENCES duty (category),
    n {int} NOT NULL,
    org_id {uuid} NOT NULL REFERENCES org (id),
    PRIMARY KEY (category, n)
) {strict};
