//! Reading and writing the tables of this slice. Decides nothing.

use linli_kernel::{
    AreaCode, Error, Result, Timestamp,
    actor::{AccountId, OrgId},
    params,
};
use linli_store::{Conn, Tx};
use uuid::Uuid;

use crate::{
    Area, Atlas, Category, Contact, Duty, GridKind, Org, OrgKind,
    geometry::{Datum, Shape, Wgs84},
};

#[derive(sqlx::FromRow)]
struct AreaRow {
    code: AreaCode,
    name: String,
    official: Option<String>,
    kind: Option<GridKind>,
    residents: i64,
    households: i64,
    worker_id: Option<Uuid>,
    worker: Option<String>,
    worker_phone: Option<String>,
    deputy_id: Option<Uuid>,
    deputy: Option<String>,
    deputy_phone: Option<String>,
    supervision_phone: Option<String>,
    geometry: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
}

fn contact(id: Option<Uuid>, name: Option<String>, phone: Option<String>) -> Option<Contact> {
    Some(Contact { account: id.map(AccountId), name: name?, phone })
}

impl AreaRow {
    fn area(self) -> Area {
        let shape = self.geometry.and_then(|text| match Shape::from_geojson(&text, Datum::Wgs84) {
            Ok(shape) => Some(shape),
            Err(error) => {
                // Shapes are checked before they are saved; one bad row must not take all places away.
                tracing::error!(area = %self.code, %error, "a stored shape cannot be read");
                None
            }
        });
        Area {
            worker: contact(self.worker_id, self.worker, self.worker_phone),
            deputy: contact(self.deputy_id, self.deputy, self.deputy_phone),
            code: self.code,
            name: self.name,
            official: self.official,
            kind: self.kind,
            residents: u32::try_from(self.residents).unwrap_or_default(),
            households: u32::try_from(self.households).unwrap_or_default(),
            supervision_phone: self.supervision_phone,
            centre: self.lon.zip(self.lat).and_then(|(lon, lat)| Wgs84::new(lon, lat)),
            shape,
        }
    }
}

#[derive(sqlx::FromRow)]
struct OrgRow {
    id: OrgId,
    code: String,
    name: String,
    short: String,
    kind: OrgKind,
    area: AreaCode,
    parent_id: Option<Uuid>,
    standing: bool,
    duty_code: Option<String>,
    purpose: String,
    active: bool,
}

#[derive(sqlx::FromRow)]
struct CategoryRow {
    code: String,
    parent: Option<String>,
    name: String,
    photo_required: bool,
    active: bool,
}

#[derive(sqlx::FromRow)]
struct DutyRow {
    category: String,
    lead_id: OrgId,
    section: Option<String>,
    basis: Option<String>,
    standard: String,
    days: Option<i64>,
}

/// Everything, in five queries.
pub async fn load(conn: &mut Conn) -> Result<Atlas> {
    read(conn, "s.geometry").await
}

/// Everything but the land, which takes most of the time: for checks inside a transaction.
pub async fn load_tables(conn: &mut Conn) -> Result<Atlas> {
    read(conn, "CAST(NULL AS TEXT) AS geometry").await
}

/// The state of the base data, by which a later look sees whether they have changed: rows and newest change of each
/// table.
pub(crate) async fn stamp(conn: &mut Conn) -> Result<Vec<(i64, Timestamp)>> {
    let of = |(n, table): (usize, &str)| {
        format!("SELECT count(*) AS held, coalesce(max(updated_at), 0) AS newest, {n} AS n FROM {table}")
    };
    let tables = ["area", "area_shape", "org", "category", "duty"];
    let each: Vec<String> = tables.into_iter().enumerate().map(of).collect();
    let sql = format!("SELECT held, newest FROM ({}) x ORDER BY n", each.join(" UNION ALL "));
    conn.all(&sql, vec![]).await
}

/// From now on nobody else changes base data until this transaction ends.
pub(crate) async fn hold(tx: &mut Tx) -> Result<()> {
    let sql = tx.dialect(
        "SELECT 1 WHERE 1 = 0",
        "LOCK TABLE area, area_shape, org, category, duty IN SHARE ROW EXCLUSIVE MODE",
    );
    let sql = sql.to_owned();
    tx.execute(&sql, vec![]).await.map(|_| ())
}

async fn read(conn: &mut Conn, geometry: &str) -> Result<Atlas> {
    let areas: Vec<AreaRow> = conn
        .all(
            &format!(
                "SELECT a.code, a.name, a.official, a.kind, a.residents, a.households, a.worker_id, a.worker,
                    a.worker_phone, a.deputy_id, a.deputy, a.deputy_phone, a.supervision_phone,
                    {geometry}, s.lon, s.lat
             FROM area a LEFT JOIN area_shape s ON s.area = a.code ORDER BY a.code"
            ),
            vec![],
        )
        .await?;
    let orgs: Vec<OrgRow> = conn
        .all(
            "SELECT id, code, name, short, kind, area, parent_id, standing, duty_code, purpose, active
             FROM org ORDER BY length(area), area, id",
            vec![],
        )
        .await?;
    let categories: Vec<CategoryRow> = conn
        .all("SELECT code, parent, name, photo_required, active FROM category ORDER BY code", vec![])
        .await?;
    let duties: Vec<DutyRow> = conn
        .all("SELECT category, lead_id, section, basis, standard, days FROM duty ORDER BY category", vec![])
        .await?;
    let assists: Vec<(String, OrgId)> =
        conn.all("SELECT category, org_id FROM duty_assist ORDER BY category, n", vec![]).await?;
    // Thousands of corners are checked again: not on a thread that answers requests.
    tokio::task::spawn_blocking(move || assemble(areas, orgs, categories, duties, assists))
        .await
        .map_err(Error::internal)
}

fn assemble(
    areas: Vec<AreaRow>,
    orgs: Vec<OrgRow>,
    categories: Vec<CategoryRow>,
    duties: Vec<DutyRow>,
    assists: Vec<(String, OrgId)>,
) -> Atlas {
    let orgs = orgs.into_iter().map(|o| Org {
        id: o.id,
        code: o.code,
        name: o.name,
        short: o.short,
        kind: o.kind,
        area: o.area,
        parent: o.parent_id.map(OrgId),
        standing: o.standing,
        duty_code: o.duty_code,
        purpose: o.purpose,
        active: o.active,
    });
    let categories = categories.into_iter().map(|c| Category {
        code: c.code,
        name: c.name,
        parent: c.parent,
        photo_required: c.photo_required,
        active: c.active,
    });
    let mut helpers = std::collections::HashMap::<String, Vec<OrgId>>::new();
    for (category, org) in assists {
        helpers.entry(category).or_default().push(org);
    }
    let duties = duties.into_iter().map(|d| Duty {
        assisting: helpers.remove(&d.category).unwrap_or_default(),
        category: d.category,
        lead: d.lead_id,
        section: d.section,
        basis: d.basis,
        standard: d.standard,
        days: d.days.and_then(|n| u16::try_from(n).ok()),
    });
    Atlas::new(
        areas.into_iter().map(AreaRow::area).collect(),
        orgs.collect(),
        categories.collect(),
        duties.collect(),
    )
}

/// Writes an area, new or known; its shape only if it has one.
pub async fn put_area(tx: &mut Tx, area: &Area, now: Timestamp) -> Result<()> {
    let who = |c: &Option<Contact>| {
        let c = c.as_ref();
        (c.and_then(|c| c.account), c.map(|c| c.name.clone()), c.and_then(|c| c.phone.clone()))
    };
    let (worker_id, worker, worker_phone) = who(&area.worker);
    let (deputy_id, deputy, deputy_phone) = who(&area.deputy);
    tx.execute(
        "INSERT INTO area (code, level, name, official, kind, residents, households, worker_id, worker,
                           worker_phone, deputy_id, deputy, deputy_phone, supervision_phone, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, official = excluded.official,
            kind = excluded.kind, residents = excluded.residents, households = excluded.households,
            worker_id = excluded.worker_id, worker = excluded.worker, worker_phone = excluded.worker_phone,
            deputy_id = excluded.deputy_id, deputy = excluded.deputy, deputy_phone = excluded.deputy_phone,
            supervision_phone = excluded.supervision_phone, updated_at = excluded.updated_at",
        params![
            &area.code,
            area.level().as_str(),
            &area.name,
            &area.official,
            area.kind,
            area.residents,
            area.households,
            worker_id,
            worker,
            worker_phone,
            deputy_id,
            deputy,
            deputy_phone,
            &area.supervision_phone,
            now
        ],
    )
    .await?;
    match &area.shape {
        Some(shape) => put_shape(tx, &area.code, shape, now).await,
        None => Ok(()),
    }
}

/// Writes the land of an area that is there.
pub async fn put_shape(tx: &mut Tx, area: &AreaCode, shape: &Shape, now: Timestamp) -> Result<()> {
    let geometry = shape.to_geojson(Datum::Wgs84).to_string();
    // Rounding to centimetres may close a sliver: what is saved must be readable again.
    let saved =
        Shape::from_geojson(&geometry, Datum::Wgs84).map_err(|e| Error::field("geometry", e.key()))?;
    let label = saved.label_point();
    tx.execute(
        "INSERT INTO area_shape (area, geometry, lon, lat, square_metres, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (area) DO UPDATE SET geometry = excluded.geometry, lon = excluded.lon,
            lat = excluded.lat, square_metres = excluded.square_metres, updated_at = excluded.updated_at",
        params![area, geometry, label.lon, label.lat, saved.square_metres(), now],
    )
    .await?;
    Ok(())
}

/// Writes an organisation by its code; a known one keeps its id.
pub async fn put_org(tx: &mut Tx, org: &Org, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO org (id, code, name, short, kind, area, parent_id, standing, duty_code, purpose, active,
                          updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, short = excluded.short, kind = excluded.kind,
            area = excluded.area, parent_id = excluded.parent_id, standing = excluded.standing,
            duty_code = excluded.duty_code, purpose = excluded.purpose, active = excluded.active,
            updated_at = excluded.updated_at",
        params![
            org.id,
            &org.code,
            &org.name,
            &org.short,
            org.kind,
            &org.area,
            org.parent,
            org.standing,
            &org.duty_code,
            &org.purpose,
            org.active,
            now
        ],
    )
    .await?;
    Ok(())
}

/// The ids of the organisations that are there, by code.
pub async fn org_ids(conn: &mut Conn) -> Result<std::collections::HashMap<String, OrgId>> {
    let rows: Vec<(String, OrgId)> = conn.all("SELECT code, id FROM org", vec![]).await?;
    Ok(rows.into_iter().collect())
}

/// Writes a category, new or known.
pub async fn put_category(tx: &mut Tx, category: &Category, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO category (code, parent, name, photo_required, active, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, name = excluded.name,
            photo_required = excluded.photo_required, active = excluded.active,
            updated_at = excluded.updated_at",
        params![
            &category.code,
            &category.parent,
            &category.name,
            category.photo_required,
            category.active,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Writes a row of the duty list with its assisting organisations.
pub async fn put_duty(tx: &mut Tx, duty: &Duty, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO duty (category, lead_id, section, basis, standard, days, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (category) DO UPDATE SET lead_id = excluded.lead_id, section = excluded.section,
            basis = excluded.basis, standard = excluded.standard, days = excluded.days,
            updated_at = excluded.updated_at",
        params![&duty.category, duty.lead, &duty.section, &duty.basis, &duty.standard, duty.days, now],
    )
    .await?;
    tx.execute("DELETE FROM duty_assist WHERE category = $1", params![&duty.category]).await?;
    for (n, org) in (0_i64..).zip(&duty.assisting) {
        tx.execute(
            "INSERT INTO duty_assist (category, n, org_id) VALUES ($1, $2, $3)",
            params![&duty.category, n, *org],
        )
        .await?;
    }
    Ok(())
}
