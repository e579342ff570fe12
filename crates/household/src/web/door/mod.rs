//! `/d/…`: what a resident meets who scans the code at the door. No account, no install, no script needed.

pub(super) mod digits;
mod fill;
mod form;
mod landing;
mod receipt;
mod same;

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    body::{Body, to_bytes},
    http::StatusCode,
    response::IntoResponse,
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::Access as AccessPort;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Error, Result, params};
use linli_store::Conn;
use linli_web::{Chrome, Ctx, Route, WebResult, limit::Purpose};
use serde::Deserialize;

use crate::{
    claims::{self, Held},
    code::{self, Code, CodeKind, Label},
    model::DwellingId,
    privacy,
    store::places,
};

pub(super) use receipt::tone as receipt_tone;

/// What a call costs the address that makes it, in units of [`Purpose::Door`].
pub(in crate::web) mod cost {
    /// A page.
    pub(crate) const PAGE: u32 = 1;
    /// A label that we did not make: somebody guesses.
    pub(crate) const GUESS: u32 = 60;
    /// A message to a phone that nobody has asked today, and to one that was asked before.
    pub(crate) const NEW_PHONE: u32 = 8;
    pub(crate) const KNOWN_PHONE: u32 = 2;
    /// Wrong digits.
    pub(crate) const WRONG_DIGITS: u32 = 20;
    /// A form from somebody whose phone is proven, and from somebody else.
    pub(crate) const OWN_FORM: u32 = 2;
    pub(crate) const FORM: u32 = 6;
}

/// Counts a form: by what it costs and, where no phone is proven, by the pace as well. A house fills in its hundred
/// forms in an evening; what sends thirty in a second is no house.
pub(super) fn form_pace(ctx: &Ctx, held: Option<&Held>) -> Result<()> {
    let limits = ctx.app.limits();
    if held.is_some() {
        return limits.spend(Purpose::Door, &ctx.source, cost::OWN_FORM);
    }
    limits.check(Purpose::Form, &ctx.source)?;
    limits.spend(Purpose::Door, &ctx.source, cost::FORM)
}

/// The largest form: a family of twelve with long names needs a tenth of it.
const LARGEST: usize = 64 * 1024;

pub(super) fn routes() -> Vec<Route> {
    [landing::routes(), digits::routes(), fill::routes(), same::routes(), receipt::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// Whom to call in a grid.
pub(in crate::web) struct Help {
    /// 街道 · 社区 · 网格
    pub(super) place: String,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
}

impl Help {
    pub(super) fn of(atlas: &Atlas, area: &AreaCode) -> Self {
        let known = atlas.area(area);
        let worker = known.and_then(|a| a.worker.as_ref());
        Self {
            place: atlas.path(area),
            name: worker.map(|w| w.name.clone()),
            phone: worker
                .and_then(|w| w.phone.clone())
                .or_else(|| known.and_then(|a| a.supervision_phone.clone())),
        }
    }
}

/// A door of the house that a code at the staircase or the entrance leaves open.
pub(super) struct Door {
    pub(super) id: DwellingId,
    pub(super) name: String,
}

/// A label that was scanned and counts.
pub(super) struct Scanned {
    pub(super) code: Code,
    /// As it stands in the address.
    pub(super) token: String,
    /// What the code is for: a home's address, a staircase, a house.
    pub(super) place: String,
    pub(super) doors: Vec<Door>,
    pub(super) help: Help,
    /// Days for which a decided form is kept, as the table says today.
    pub(super) kept: i64,
}

/// What the pages of one visit carry along.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Carried {
    /// The door, where the code leaves it open.
    pub(super) home: String,
    /// The receipt of an entry that was asked again.
    pub(super) again: String,
    /// Fill it in without a proven phone.
    pub(super) skip: String,
    /// Where to go once the phone is proven: `fill` or `same`.
    pub(super) next: String,
    /// The message whose digits are typed.
    pub(super) p: String,
}

impl Carried {
    /// For the next address.
    pub(super) fn query(&self) -> String {
        let mut parts = Vec::new();
        for (name, value) in [("home", &self.home), ("again", &self.again), ("next", &self.next)] {
            if !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                parts.push(format!("{name}={value}"));
            }
        }
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }
}

#[derive(sqlx::FromRow)]
struct DoorRow {
    id: DwellingId,
    unit: Option<String>,
    door: String,
}

impl Scanned {
    /// The home that is meant: the label's own, or the chosen door.
    pub(super) fn home(&self, carried: &Carried) -> Option<DwellingId> {
        self.code.dwelling().or_else(|| {
            let wanted: DwellingId = carried.home.parse().ok()?;
            self.doors.iter().any(|d| d.id == wanted).then_some(wanted)
        })
    }

    /// Its address, or that of what the code is for.
    pub(super) fn address(&self, home: Option<DwellingId>) -> String {
        let door = self.doors.iter().find(|d| Some(d.id) == home);
        door.map_or_else(|| self.place.clone(), |d| format!("{}{}", self.place, d.name))
    }
}

async fn place(conn: &mut Conn, code: &Code) -> Result<Option<(String, Vec<Door>)>> {
    if let Some(id) = code.dwelling() {
        let found = places::whereabouts(conn, &[id]).await?;
        return Ok(found.into_iter().next().map(|(_, _, address)| (address, Vec::new())));
    }
    let house: Option<(String, String, Option<String>)> = conn
        .optional(
            "SELECT b.place, b.name, u.name FROM building b LEFT JOIN building_unit u ON u.id = $2 WHERE b.id = $1",
            params![code.building_id, code.thing],
        )
        .await?;
    let Some((place, name, unit)) = house else { return Ok(None) };
    if code.kind == CodeKind::Unit && unit.is_none() {
        return Ok(None);
    }
    let rows: Vec<DoorRow> = conn
        .all(
            "SELECT d.id, u.name AS unit, d.door FROM dwelling d LEFT JOIN building_unit u ON u.id = d.unit_id
             WHERE d.building_id = $1 AND d.closed_at IS NULL AND ($2 = 0 OR d.unit_id = $3) ORDER BY coalesce(u.name, ''), d.floor, d.door LIMIT 600",
            params![code.building_id, i64::from(code.kind == CodeKind::Unit), code.thing],
        )
        .await?;
    let of_unit = code.kind == CodeKind::Unit;
    let doors = rows.into_iter().map(|d| {
        let unit = d.unit.filter(|_| !of_unit).unwrap_or_default();
        Door { id: d.id, name: format!("{unit}{}", d.door) }
    });
    Ok(Some((format!("{place}{name}{}", unit.unwrap_or_default()), doors.collect())))
}

#[derive(Template)]
#[template(path = "door/gone.html")]
struct Gone {
    chrome: Chrome,
    revoked: bool,
    help: Option<Help>,
}

/// The label of an address, or the plain page that says what to do.
pub(super) async fn scan(
    ctx: &Ctx,
    token: &str,
) -> WebResult<std::result::Result<Scanned, axum::response::Response>> {
    let access = ctx.district.port::<AccessPort>()?;
    let label = Label::read(token, &access, &ctx.district.area)?;
    let limits = ctx.app.limits();
    limits.spend(Purpose::Door, &ctx.source, if label.is_some() { cost::PAGE } else { cost::GUESS })?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let gone = |status: StatusCode, help: Option<Help>| -> WebResult<_> {
        let revoked = help.is_some();
        let title = if revoked { "door-revoked" } else { "door-unknown" };
        let page = Gone { chrome: ctx.chrome(title), revoked, help };
        Ok(Err((status, ctx.page(&page)?).into_response()))
    };
    let Some(label) = label else { return gone(StatusCode::NOT_FOUND, None) };
    let mut conn = ctx.read().await?;
    let Some(code) = code::by_label(&mut conn, label).await? else {
        return gone(StatusCode::NOT_FOUND, None);
    };
    let help = Help::of(&atlas, &code.area);
    if code.revoked_at.is_some() {
        return gone(StatusCode::GONE, Some(help));
    }
    let Some((place, doors)) = place(&mut conn, &code).await? else {
        return gone(StatusCode::GONE, Some(help));
    };
    let token = label.text(&access, &ctx.district.area)?;
    let kept = privacy::days(&mut conn, &ctx.district, privacy::FORMS).await?;
    Ok(Ok(Scanned { code, token, place, doors, help, kept }))
}

/// `scanned!` in handlers: the label, or what is answered instead.
macro_rules! scanned {
    ($ctx:expr, $token:expr) => {
        match $crate::web::door::scan($ctx, $token).await? {
            Ok(scanned) => scanned,
            Err(answer) => return Ok(answer),
        }
    };
}
pub(crate) use scanned;

/// The phone that this browser has proven.
pub(in crate::web) async fn held(ctx: &Ctx, conn: &mut Conn, jar: &CookieJar) -> Result<Option<Held>> {
    let Some(token) = jar.get(claims::SESSION).map(|c| c.value().to_owned()) else { return Ok(None) };
    let access = ctx.district.port::<AccessPort>()?;
    claims::held(conn, &access, &token, ctx.now()).await
}

/// The fields of a form, read within the limit of these pages.
pub(in crate::web) async fn fields(body: Body) -> Result<BTreeMap<String, Vec<String>>> {
    let bytes = to_bytes(body, LARGEST).await.map_err(|_| Error::TooLarge("error-text-too-large"))?;
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(&bytes).map_err(|_| Error::field("form", "error-form-broken"))?;
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        fields.entry(name).or_default().push(value);
    }
    Ok(fields)
}

/// The first value of a field.
pub(in crate::web) fn first<'f>(fields: &'f BTreeMap<String, Vec<String>>, name: &str) -> &'f str {
    fields.get(name).and_then(|v| v.first()).map_or("", String::as_str)
}

/// What a form carries along.
pub(in crate::web) fn carried(fields: &BTreeMap<String, Vec<String>>) -> Carried {
    let text = |name: &str| first(fields, name).to_owned();
    Carried { home: text("home"), again: text("again"), skip: text("skip"), next: text("next"), p: text("p") }
}

/// Whether messages go out; where not, a demonstration shows the digits on the page.
pub(super) fn messages(ctx: &Ctx) -> bool {
    ctx.district.ports.get::<claims::TextMessages>().is_some()
}
