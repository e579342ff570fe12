//! Pages of the register: freshness and the lists behind it, search, houses, the household card.

mod card;
mod claims;
mod codes;
mod door;
mod edit;
mod entities;
mod find;
mod house;
mod imports;
mod map;
mod mend;
mod mine;
mod out;
mod overview;
mod rhythm;

use std::sync::Arc;

use linli_access::{Access as AccessPort, Scope, Target};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Error, Result, Timestamp};
use linli_web::{Chrome, Ctx, Locale, Route};

pub(crate) fn routes() -> Vec<Route> {
    [
        overview::routes(),
        find::routes(),
        house::routes(),
        card::routes(),
        edit::routes(),
        entities::routes(),
        map::routes(),
        mend::routes(),
        imports::routes(),
        codes::routes(),
        claims::routes(),
        door::routes(),
        mine::routes(),
        rhythm::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// This slice's part of the OpenAPI document: what peers, phones and the rhythm's readers call.
pub(crate) fn openapi() -> serde_json::Value {
    let mut all = crate::exchange::api::openapi();
    for more in [rhythm::openapi(), crate::visits::web::openapi()] {
        for place in ["/paths", "/components/schemas"] {
            let part = more.pointer(place).and_then(serde_json::Value::as_object).cloned();
            if let (Some(into), Some(part)) = (all.pointer_mut(place).and_then(|v| v.as_object_mut()), part) {
                into.extend(part);
            }
        }
    }
    all
}

/// What every page needs.
struct Desk {
    atlas: Arc<Atlas>,
    access: Arc<AccessPort>,
    scope: Scope,
}

impl Desk {
    /// With the scope of `action`.
    fn of(ctx: &Ctx, action: &str) -> Result<Self> {
        let access = ctx.district.port::<AccessPort>()?;
        let scope = access.policy.scope(&ctx.actor, action);
        Ok(Self { atlas: ctx.district.port::<AtlasPort>()?.get(), access, scope })
    }

    /// The area that a page is about: the one in its address, else the first of the person's own.
    fn area(&self, ctx: &Ctx, asked: &str) -> Result<AreaCode> {
        if asked.is_empty() {
            return Ok(self.scope.areas.first().cloned().unwrap_or_else(|| ctx.district.area.clone()));
        }
        let code: AreaCode = asked.parse().map_err(|_| Error::NotFound)?;
        // Inside the scope, or around it: the way up shows the own part only.
        let near = self.scope.covers(&code, &[]) || self.scope.areas.iter().any(|a| code.contains(a));
        if near && self.atlas.area(&code).is_some() { Ok(code) } else { Err(Error::NotFound) }
    }

    /// As [`Desk::area`] for a list that has all of the person's own areas in it: without an address, the smallest
    /// area that holds them all.
    fn around(&self, ctx: &Ctx, asked: &str) -> Result<AreaCode> {
        let mut around = self.area(ctx, asked)?;
        let holds_all = |area: &AreaCode| self.scope.areas.iter().all(|own| area.contains(own));
        while asked.is_empty() && around != ctx.district.area && !holds_all(&around) {
            around = around.parent().unwrap_or_else(|| ctx.district.area.clone());
        }
        Ok(around)
    }

    /// Whether this person may do `action` at `area`.
    fn may(&self, ctx: &Ctx, action: &str, area: &AreaCode) -> bool {
        self.access.policy.permits(&ctx.actor, action, &Target::at(area)).is_ok()
    }

    /// The way down to an area: address and name of each level from the person's own areas on.
    fn crumbs(&self, ctx: &Ctx, area: &AreaCode) -> Vec<(String, String)> {
        let mut crumbs = Vec::new();
        let mut at = Some(area.clone());
        while let Some(code) = at {
            let inside = self.scope.covers(&code, &[]);
            let around = self.scope.areas.iter().any(|a| code.contains(a)) && self.scope.areas.len() > 1;
            if !(inside || around) {
                break;
            }
            crumbs.push((format!("/homes?at={code}"), self.atlas.name(&code).to_owned()));
            at = code.parent().filter(|p| p.as_str().len() >= ctx.district.area.as_str().len());
        }
        crumbs.reverse();
        crumbs
    }

    /// What stands above every page of an area: the frame, the way down, the area's name.
    fn head(&self, ctx: &Ctx, title: &str, at: &AreaCode) -> (Chrome, Vec<(String, String)>, String) {
        (self.chrome(ctx, title), self.crumbs(ctx, at), self.atlas.name(at).to_owned())
    }

    /// The frame, with the place beside the seal.
    fn chrome(&self, ctx: &Ctx, title: &str) -> Chrome {
        let mut chrome = ctx.chrome(title);
        chrome.place = self.scope.areas.first().map(|code| self.atlas.name(code).to_owned());
        chrome
    }
}

/// The words of a code of a closed list.
fn word(locale: &Locale, list: &str, code: &str) -> String {
    locale.t(&format!("household-{list}-{}", code.replace('_', "-")))
}

/// `2026-08-25`, for records of many years; a time of day says nothing there.
fn day(at: Timestamp) -> String {
    at.china_date().to_string()
}

/// How long ago somebody confirmed: in days, which is how freshness counts.
fn ago(locale: &Locale, at: Option<Timestamp>, now: Timestamp) -> String {
    match at {
        None => locale.t("household-never"),
        Some(at) => {
            let days = (now.china_date() - at.china_date()).num_days();
            let key = if days == 0 { "household-today" } else { "household-days-ago" };
            locale.t_with(key, &[("n", days.to_string())])
        }
    }
}

/// The colour of a share: the district asks for nine in ten.
fn tone(share: Option<f64>) -> &'static str {
    match share {
        Some(share) if share >= 0.9 => "ok",
        Some(share) if share >= 0.7 => "warn",
        Some(_) => "bad",
        None => "info",
    }
}
