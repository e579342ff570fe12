//! The shell (离线壳): one page that holds nothing of anybody, so that a phone may keep it; and photos of visits.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{HeaderValue, header},
    response::IntoResponse,
};
use linli_access::Access as Keys;
use linli_kernel::{Error, time::CHINA_MS};
use linli_store::Blobs;
use linli_web::{Access, Chrome, Ctx, Locale, Markup, Route, WebResult};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::photos;
use crate::model::{CareKind, Relation, Residence, Sex, Usage};

#[derive(Template)]
#[template(path = "visits/shell.html")]
struct Shell {
    chrome: Chrome,
    words: Markup,
    /// Minutes east of Greenwich: the phone shows the district's time, whatever its own zone.
    offset: i64,
}

/// Words of the script; what begins with `visits-` in the texts is said by it.
const SAID: &[&str] = &[
    "title",
    "online",
    "offline",
    "queue-none",
    "queue",
    "queue-look",
    "sending",
    "fetching",
    "refresh",
    "updated",
    "install",
    "tab-homes",
    "tab-cases",
    "tab-queue",
    "tab-work",
    "due-care",
    "due-stale",
    "due-fresh",
    "due-mine",
    "left-n",
    "visits-n",
    "only-due",
    "show-all",
    "people-n",
    "nobody-at",
    "confirmed-at",
    "never",
    "no-due",
    "no-due-hint",
    "no-pack",
    "no-pack-hint",
    "no-key",
    "no-key-hint",
    "log-in",
    "out-owed",
    "no-crypto",
    "no-crypto-hint",
    "to-work",
    "more-n",
    "same",
    "save-changes",
    "changed",
    "changed-hint",
    "nobody",
    "only-note",
    "note",
    "note-hint",
    "photos",
    "photos-hint",
    "photo-n",
    "remove-n",
    "too-many",
    "note-first",
    "name-first",
    "phone-hint",
    "phone-now",
    "none",
    "back",
    "saved",
    "not-saved",
    "draft",
    "no-people",
    "pending-here",
    "queue-empty",
    "queue-empty-hint",
    "send-now",
    "act-met",
    "act-corrected",
    "act-nobody",
    "act-note",
    "act-case",
    "state-waiting",
    "state-conflict",
    "state-refused",
    "state-gone",
    "conflict",
    "mine",
    "theirs",
    "later",
    "arrived",
    "left",
    "choose",
    "settle",
    "gone",
    "edit",
    "drop",
    "drop-sure",
    "yes",
    "no",
    "cases-none",
    "case-note",
    "save-note",
    "case-urgent",
    "case-due",
    "case-online",
    "failed",
    "born",
    "main",
    "forms",
    "form-must",
    "form-add",
    "form-remove",
    "form-photo",
    "form-photo-other",
    "form-photo-kept",
    "form-save",
    "form-again",
    "form-faults",
    "form-old",
    "fault-required",
    "fault-choice",
    "fault-constraint",
    "fault-type",
    "fault-integer",
    "fault-decimal",
    "fault-place",
    "fault-photo",
];

/// All words that the script says, in the person's language.
fn words(locale: &Locale) -> Map<String, Value> {
    let mut all = Map::new();
    for key in SAID {
        all.insert((*key).to_owned(), locale.t(&format!("visits-{key}")).into());
    }
    let mut list = |name: &str, codes: Vec<&'static str>| {
        for code in codes {
            all.insert(format!("{name}.{code}"), word(locale, name, code).into());
        }
    };
    list("usage", Usage::ALL.iter().map(|c| c.as_str()).collect());
    list("sex", Sex::ALL.iter().map(|c| c.as_str()).collect());
    list("relation", Relation::ALL.iter().map(|c| c.as_str()).collect());
    list("residence", Residence::ALL.iter().map(|c| c.as_str()).collect());
    list("care", CareKind::ALL.iter().map(|c| c.as_str()).collect());
    list("field", vec!["name", "phone", "relation", "residence", "usage"]);
    all
}

fn word(locale: &Locale, list: &str, code: &str) -> String {
    locale.t(&format!("household-{list}-{}", code.replace('_', "-")))
}

async fn shell(ctx: Ctx) -> WebResult {
    let mut chrome = ctx.chrome("visits-title");
    // The phone keeps this page: nobody's name stands in it.
    chrome.person = None;
    chrome.place = None;
    // Inside a script element only `<` could end it.
    let words = Value::Object(words(&ctx.locale)).to_string().replace('<', "\\u003c");
    let page = Shell { chrome, words: Markup::trusted(words), offset: CHINA_MS / 60_000 };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Deserialize)]
struct Size {
    /// Present for the small one.
    small: Option<String>,
}

async fn photo(ctx: Ctx, Path(id): Path<String>, Query(size): Query<Size>) -> WebResult {
    let id: Uuid = id.parse().map_err(|_| Error::NotFound)?;
    let scope = ctx.district.port::<Keys>()?.policy.scope(&ctx.actor, "household.read");
    let blob = photos::file(&mut ctx.read().await?, &scope, id, size.small.is_some()).await?;
    let mut response = ctx.district.port::<Blobs>()?.get(&blob).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    Ok(response)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/offline", Access::May("visit.offline"), shell),
        Route::get("/homes/visits/photos/{id}", Access::May("household.read"), photo),
    ]
}
