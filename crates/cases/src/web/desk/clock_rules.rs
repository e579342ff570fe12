//! `/admin/clock-rules`: how long each promise runs. Each change is in the activity log.

use askama::Template;
use axum::{extract::Query, http::StatusCode, response::Response};
use linli_kernel::{
    Error, Result,
    calendar::{Allowance, Unit},
    error::Check,
};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebError, WebResult};
use serde::Deserialize;

use super::{
    act::Sent,
    acts,
    forms::{Choice, Typed},
    room::{Room, back_to, chrome, page, said},
};
use crate::{
    model::{ClockKind, ClockRule, ClockRules, WhistleLevel},
    settings,
};

struct Row {
    whistles: Vec<Choice>,
    kinds: Vec<Choice>,
    units: Vec<Choice>,
    amount: String,
    amount_error: String,
    extension: String,
    extension_error: String,
    drop: bool,
}

#[derive(Template)]
#[template(path = "desk/clock_rules.html")]
struct RulesPage {
    chrome: Chrome,
    rows: Vec<Row>,
    amber: String,
    reopen: String,
    problems: Problems,
    done: String,
}

/// What the form holds, as text: from the table, or as it was typed.
#[derive(Debug, Clone, Default)]
struct Draft {
    rows: Vec<[String; 5]>,
    dropped: Vec<usize>,
    amber: String,
    reopen: String,
}

impl Draft {
    fn of(rules: &ClockRules) -> Self {
        let rows = rules.rows.iter().map(|r| {
            [
                r.whistle.map(|w| w.to_string()).unwrap_or_default(),
                r.kind.to_string(),
                r.allowance.amount.to_string(),
                r.allowance.unit.to_string(),
                r.extension.to_string(),
            ]
        });
        let (amber, reopen) = (rules.amber_percent.to_string(), rules.reopen_days.to_string());
        Self { rows: rows.collect(), dropped: Vec::new(), amber, reopen }
    }

    fn typed(typed: &Typed) -> Self {
        let column = |name: &str| typed.every(name);
        let (whistle, kind, amount) = (column("whistle"), column("kind"), column("amount"));
        let (unit, extension) = (column("unit"), column("extension"));
        let at = |list: &[String], n: usize| list.get(n).cloned().unwrap_or_default();
        let rows = (0..kind.len())
            .map(|n| [at(&whistle, n), at(&kind, n), at(&amount, n), at(&unit, n), at(&extension, n)]);
        Self {
            rows: rows.collect(),
            dropped: typed.all("drop").iter().filter_map(|n| n.parse().ok()).collect(),
            amber: typed.get("amber").to_owned(),
            reopen: typed.get("reopen").to_owned(),
        }
    }

    /// Rows that stay, by their place in the form.
    fn kept(&self) -> impl Iterator<Item = (usize, &[String; 5])> {
        self.rows.iter().enumerate().filter(|(n, row)| !self.dropped.contains(n) && !row[2].trim().is_empty())
    }

    fn read(&self) -> Result<ClockRules> {
        let mut check = Check::new();
        let mut rows = Vec::new();
        for (n, [whistle, kind, amount, unit, extension]) in self.kept() {
            let amount: Option<u32> = amount.trim().parse().ok().filter(|a| (1..=100_000).contains(a));
            let amount = check.parse(&format!("amount-{n}"), "desk-error-amount", amount);
            let extension = if extension.trim().is_empty() { "0" } else { extension.trim() };
            let extension: Option<u32> = extension.parse().ok().filter(|e| *e <= 365);
            let extension = check.parse(&format!("extension-{n}"), "desk-error-extension", extension);
            let kind: Option<ClockKind> = check.parse("rows", "desk-error-choose", kind.parse().ok());
            let unit: Option<Unit> = check.parse("rows", "desk-error-choose", unit.parse().ok());
            let whistle: Option<WhistleLevel> = whistle.parse().ok();
            if let (Some(amount), Some(extension), Some(kind), Some(unit)) = (amount, extension, kind, unit) {
                rows.push(ClockRule { whistle, kind, allowance: Allowance::new(amount, unit), extension });
            }
        }
        let amber: Option<u8> = self.amber.trim().parse().ok().filter(|p| (1..=99).contains(p));
        let amber = check.parse("amber", "desk-error-percent", amber);
        let reopen: Option<u32> = self.reopen.trim().parse().ok().filter(|d| (1..=365).contains(d));
        let reopen = check.parse("reopen", "desk-error-reopen", reopen);
        check.done()?;
        match (amber, reopen) {
            (Some(amber_percent), Some(reopen_days)) => Ok(ClockRules { rows, amber_percent, reopen_days }),
            _ => Err(Error::field("amber", "desk-error-percent")),
        }
    }
}

fn rows(ctx: &Ctx, draft: &Draft, problems: &Problems) -> Vec<Row> {
    let l = &ctx.locale;
    let chosen = |mut choices: Vec<Choice>, value: &str| {
        for choice in &mut choices {
            choice.chosen = choice.value == value;
        }
        choices
    };
    let empty = [
        String::new(),
        ClockKind::Close.to_string(),
        String::new(),
        Unit::WorkingDay.to_string(),
        String::new(),
    ];
    let mut all: Vec<&[String; 5]> = draft.rows.iter().collect();
    if draft.rows.last().is_none_or(|last| !last[2].trim().is_empty()) {
        all.push(&empty);
    }
    let row = |(n, [whistle, kind, amount, unit, extension]): (usize, &[String; 5])| {
        let mut whistles = vec![acts::choice("", l, "desk-rule-any")];
        whistles.extend(acts::words(l, "whistle", WhistleLevel::ALL));
        let error = |name: &str| problems.at(&format!("{name}-{n}")).unwrap_or_default().to_owned();
        Row {
            whistles: chosen(whistles, whistle),
            kinds: chosen(acts::words(l, "clock", ClockKind::ALL), kind),
            units: chosen(acts::words(l, "unit", Unit::ALL), unit),
            amount: amount.clone(),
            amount_error: error("amount"),
            extension: extension.clone(),
            extension_error: error("extension"),
            drop: draft.dropped.contains(&n),
        }
    };
    all.into_iter().enumerate().map(row).collect()
}

fn answer(ctx: &Ctx, room: &Room, draft: Draft, problems: Problems, done: &str) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = RulesPage {
        chrome: chrome(ctx, room, "desk-admin-clock-rules"),
        rows: rows(ctx, &draft, &problems),
        amber: draft.amber,
        reopen: draft.reopen,
        problems,
        done: said(ctx, done),
    };
    page(ctx, status, &template)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    done: String,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let rules = settings::clock_rules(&mut room.conn).await?;
    answer(&ctx, &room, Draft::of(&rules), Problems::none(), &asked.done)
}

async fn save(ctx: &Ctx, draft: &Draft) -> Result<()> {
    let rules = draft.read()?;
    let mut op = ctx.op().await?;
    settings::save_clock_rules(&mut op, rules).await?;
    op.commit().await
}

async fn post(ctx: Ctx, sent: Sent) -> WebResult<Response> {
    let draft = Draft::typed(&sent.typed);
    match save(&ctx, &draft).await {
        Ok(()) => Ok(back_to("/admin/clock-rules", "saved")),
        Err(Error::Invalid(fields)) => {
            let room = Room::enter(&ctx).await?;
            answer(&ctx, &room, draft, Problems::from_fields(&fields, &ctx.locale), "")
        }
        Err(error) => Err(WebError(error)),
    }
}

pub(super) fn routes() -> Vec<Route> {
    let edit = Access::May("clock_rule.edit");
    vec![Route::get("/admin/clock-rules", edit, show), Route::post("/admin/clock-rules", edit, post)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_survives_its_form() {
        let shipped = ClockRules::shipped();
        assert_eq!(Draft::of(&shipped).read().unwrap(), shipped);
    }

    #[test]
    fn wrong_numbers_are_told_at_their_row() {
        let mut draft = Draft::of(&ClockRules::shipped());
        draft.rows[1][2] = "x".to_owned();
        draft.amber = "120".to_owned();
        let Err(Error::Invalid(fields)) = draft.read() else { panic!() };
        let names: Vec<&str> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["amount-1", "amber"]);
        draft.dropped = vec![1];
        draft.amber = "70".to_owned();
        assert_eq!(draft.read().unwrap().rows.len(), ClockRules::shipped().rows.len() - 1);
    }
}
