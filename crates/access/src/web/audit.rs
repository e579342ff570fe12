//! `/audit`: the auditor reads, exports and proves the activity log; reading it is written down too.

use askama::Template;
use axum::{extract::Query, response::IntoResponse};
use linli_kernel::{Cursor, Error, Result, export::uuid::Uuid};
use linli_store::{
    Entry,
    activity::{self, Activity, Verdict},
};
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebResult, api::Asks, attach, sheet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Access,
    log::{self, Filter},
    places::Places,
};

/// Rows of a page.
const SIZE: usize = 50;
/// Rows of an export; a longer time is exported in parts.
const EXPORT: usize = 50_000;

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Asked {
    from: String,
    to: String,
    who: String,
    action: String,
    subject: String,
    area: String,
    #[serde(skip_serializing)]
    pub(super) after: String,
}

fn text(value: &str) -> Option<String> {
    Some(value.trim().to_owned()).filter(|v| !v.is_empty())
}

impl Asked {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            from: self.from.parse().ok(),
            to: self.to.parse().ok(),
            who: text(&self.who),
            action: text(&self.action),
            subject: text(&self.subject),
            area: self.area.trim().parse().ok(),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("from", &self.from),
            ("to", &self.to),
            ("who", &self.who),
            ("action", &self.action),
            ("subject", &self.subject),
            ("area", &self.area),
        ]
        .into_iter()
        .map(|(name, value)| (name, value.trim()))
        .filter(|(_, value)| !value.is_empty())
    }

    fn query(&self) -> String {
        let pairs = self.pairs().map(|(name, value)| format!("{name}={}", linli_kernel::percent(value, b"")));
        pairs.collect::<Vec<_>>().join("&")
    }

    pub(super) fn told(&self) -> Value {
        self.pairs()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// A row as it is shown.
pub(super) struct Line {
    pub time: String,
    pub actor: String,
    pub act: String,
    pub code: String,
    pub subject: String,
    pub area: String,
    pub pairs: Vec<(String, String)>,
    pub seq: Option<i64>,
    pub request: String,
}

pub(super) fn line(ctx: &Ctx, access: &Access, row: &Activity) -> Line {
    Line {
        time: row.at.in_china().format("%Y-%m-%d %H:%M:%S").to_string(),
        actor: log::actor(&ctx.locale, &row.actor),
        act: log::act(&ctx.locale, access, &row.action),
        code: row.action.clone(),
        subject: row.subject_id.clone(),
        area: (Places::of(&ctx.district).area)(&ctx.district, &row.area),
        pairs: log::pairs(&ctx.locale, &row.detail),
        seq: row.seq,
        request: row.request.clone(),
    }
}

#[derive(Template)]
#[template(path = "access/audit.html")]
struct AuditPage {
    chrome: Chrome,
    asked: Asked,
    query: String,
    lines: Vec<Line>,
    next: Option<String>,
    actions: Vec<(String, String)>,
    areas: Vec<(String, String)>,
    verdict: Option<Verdict>,
}

pub(super) async fn noted(ctx: &Ctx, action: &'static str, detail: Value) -> Result<()> {
    let mut op = ctx.op().await?;
    let area = ctx.district.area.clone();
    op.log(Entry { action, subject: "activity", subject_id: "activity".into(), area, detail }).await?;
    op.commit().await
}

async fn render(ctx: &Ctx, asked: Asked, verdict: Option<Verdict>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let after = asked.after.parse::<Cursor>().ok().map(|c| c.id);
    let page = log::page(&mut ctx.read().await?, &access, &ctx.actor, &asked.filter(), after, SIZE).await?;
    let actions = access.policy.actions().map(|(code, ..)| code.to_owned());
    let own = OWN.iter().map(|code| (*code).to_owned());
    let places = Places::of(&ctx.district);
    let page = AuditPage {
        chrome: ctx.chrome("access-audit"),
        query: asked.query(),
        lines: page.items.iter().map(|row| line(ctx, &access, row)).collect(),
        next: page.next,
        actions: own
            .chain(actions)
            .map(|code| (code.clone(), log::act(&ctx.locale, &access, &code)))
            .collect(),
        areas: (places.areas)(&ctx.district)
            .into_iter()
            .map(|(code, name)| (code.to_string(), name))
            .collect(),
        asked,
        verdict,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// Acts that need no right of their own and so have no row in the policy.
const OWN: &[&str] = &[
    "session.open",
    "session.close",
    "session.refuse",
    "session.factor",
    "session.factor_refuse",
    "session.factor_set",
    "session.password",
    "api_key.create",
    "api_key.revoke",
];

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    noted(&ctx, "audit.read", asked.told()).await?;
    render(&ctx, asked, None).await
}

async fn verify(ctx: Ctx) -> WebResult {
    // The chain is the district's; who may prove a part only may not prove it.
    let access = ctx.district.port::<Access>()?;
    access.policy.permits(&ctx.actor, "audit.verify", &crate::Target::at(&ctx.district.area))?;
    let verdict = activity::verify(&ctx.db).await?;
    let told = json!({ "sealed": verdict.sealed, "faults": verdict.faults.len(), "head": verdict.head });
    noted(&ctx, "audit.verify", told).await?;
    render(&ctx, Asked::default(), Some(verdict)).await
}

pub(super) async fn export(ctx: Ctx, Asks(asked): Asks<Asked>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let filter = asked.filter();
    let mut told = asked.told();
    told["export"] = true.into();
    noted(&ctx, "audit.read", told).await?;
    let heads = ["time", "who", "act", "code", "subject", "area", "detail", "seq", "request"];
    let heads = heads.map(|name| ctx.locale.t(&format!("log-{name}")));
    let mut after: Option<Uuid> = None;
    let mut rows: Vec<[String; 9]> = Vec::new();
    let mut conn = ctx.read().await?;
    loop {
        let page = log::page(&mut conn, &access, &ctx.actor, &filter, after, 1000).await?;
        for row in &page.items {
            let it = line(&ctx, &access, row);
            let seq = it.seq.map_or_else(String::new, |n| n.to_string());
            let detail = row.detail.clone();
            rows.push([it.time, it.actor, it.act, it.code, it.subject, it.area, detail, seq, it.request]);
        }
        after = page.items.last().map(|row| row.id);
        if !attach::goes_on(rows.len(), EXPORT, page.next.is_some(), "access-export-too-many")? {
            break;
        }
    }
    let bytes = tokio::task::spawn_blocking(move || sheet::csv(&heads, &rows)).await;
    let bytes = bytes.map_err(Error::internal)??;
    Ok(attach::file("activity.csv", attach::CSV, bytes))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/audit", Wanted::May("audit.read"), show),
        Route::get("/audit/export.csv", Wanted::May("audit.read"), export),
        Route::post("/audit/verify", Wanted::May("audit.verify"), verify),
    ]
}
