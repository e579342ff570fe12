//! `/desk/overview`: the map, the three rates, where much happens. Every number opens what it counts.

use askama::Template;
use axum::{extract::Query, http::StatusCode};
use linli_access::Scope;
use linli_kernel::{
    AreaCode, Timestamp,
    actor::OrgId,
    area::AreaLevel,
    time::{DAY_MS, china_day, china_day_start},
};
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult};
use serde::Deserialize;

use super::{
    figures::{self, Figure, Span},
    forms::{Choice, piece},
    room::{Room, chrome, page},
    view::Stat,
};
use crate::{
    ledger::Ledger,
    model::WhistleLevel,
    read::{self, BoardCounts, DayCount, Fact, Rates, UNCATEGORISED},
    rules::ratings::{Share, Tally},
};

const PERIODS: [(&str, i64); 4] = [("today", 1), ("week", 7), ("month", 30), ("year", 365)];

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    period: String,
    area: Option<String>,
}

/// A category that grows.
pub(super) struct Hot {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) note: String,
    pub(super) word: String,
    pub(super) tone: &'static str,
}

/// A row of a table of counts.
pub(super) struct Counted {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) all: i64,
    pub(super) open: i64,
    pub(super) overdue: i64,
}

#[derive(Template)]
#[template(path = "desk/count_table.html")]
struct CountTable<'a> {
    chrome: &'a Chrome,
    head: String,
    first: String,
    rows: Vec<Counted>,
}

#[derive(Template)]
#[template(path = "desk/chart_table.html")]
struct ChartTable<'a> {
    chrome: &'a Chrome,
    unit: String,
    min: String,
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

/// A table that the chart's script draws, and that is there without it.
pub(super) fn chart(
    chrome: &Chrome,
    unit: String,
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
) -> Markup {
    piece(&ChartTable { chrome, unit, min: String::new(), heads, rows })
}

#[derive(Template)]
#[template(path = "desk/overview.html")]
struct OverviewPage {
    chrome: Chrome,
    head: String,
    sub: String,
    area: Option<AreaCode>,
    periods: Vec<Choice>,
    stats: Vec<Stat>,
    map_areas: String,
    query: String,
    hot: Vec<Hot>,
    chart_whistles: Markup,
    chart_rates: Markup,
    chart_sources: Markup,
    by_area_head: String,
    table_areas: Markup,
    table_orgs: Markup,
    table_categories: Markup,
}

/// The same scope within one area, if that lies in it.
pub(super) fn narrowed(scope: &Scope, area: Option<&AreaCode>) -> Scope {
    let mut narrow = scope.clone();
    if let Some(area) = area.filter(|a| scope.covers(a, &[])) {
        narrow.areas = vec![area.clone()];
        narrow.orgs.clear();
    }
    narrow
}

fn percent(share: Share) -> String {
    share.percent().map_or_else(|| "—".to_owned(), |p| format!("{p:.1}"))
}

fn rate(ctx: &Ctx, share: Share, name: &str, of: &str, href: String) -> Stat {
    let args = [("part", share.part.to_string()), ("of", share.of.to_string())];
    Stat {
        href,
        tone: "",
        value: percent(share),
        unit: "%".to_owned(),
        name: ctx.locale.t(name),
        trend: ctx.locale.t_with(of, &args),
    }
}

/// Each number with the address of the list that it counts; `place` narrows to the area looked at.
fn stats(ctx: &Ctx, rates: &Rates, counts: &BoardCounts, time: &str, place: &str) -> Vec<Stat> {
    let href = |fact: Fact| format!("/desk/cases?{time}{place}&fact={fact}");
    let t = &rates.tally;
    let l = &ctx.locale;
    vec![
        Stat::count(l, rates.cases, "desk-all-cases", href(Fact::Case), ""),
        rate(ctx, t.found, "desk-rate-found", "desk-rate-of", href(Fact::Found)),
        rate(ctx, t.response, "desk-rate-response", "desk-rate-response-what", href(Fact::ContactKept)),
        rate(ctx, t.solution, "desk-rate-solution", "desk-rate-solved-what", href(Fact::Solved)),
        rate(
            ctx,
            t.satisfaction,
            "desk-rate-satisfaction",
            "desk-rate-satisfied-what",
            href(Fact::Satisfied),
        ),
        Stat::count(
            l,
            counts.overdue,
            "desk-stat-overdue",
            format!("/desk/cases?overdue=yes&open=yes{place}"),
            "bad",
        ),
    ]
}

/// What grows most, the fastest first.
pub(super) fn hot(ctx: &Ctx, room: &Room, found: &[Figure<String>], query: &str, most: usize) -> Vec<Hot> {
    let mut rising: Vec<(&Figure<String>, &'static str)> = found
        .iter()
        .filter(|f| !f.key.is_empty())
        .filter_map(|f| Some((f, figures::trend(f.cases, f.before)?)))
        .collect();
    rising.sort_by_key(|(f, _)| std::cmp::Reverse(f.cases - f.before));
    let show = |(f, word): (&Figure<String>, &'static str)| {
        let args = [("n", f.cases.to_string()), ("before", f.before.to_string())];
        Hot {
            href: format!("/desk/cases?{query}&category={}", f.key),
            name: room.atlas.category(&f.key).map_or_else(|| f.key.clone(), |c| c.name.clone()),
            note: ctx.locale.t_with("desk-hot-note", &args),
            word: ctx.locale.t(&format!("desk-hot-{word}")),
            tone: match word {
                "sudden" => "bad",
                "rising" => "warn",
                _ => "",
            },
        }
    };
    rising.into_iter().take(most).map(show).collect()
}

fn counted<K>(found: Vec<Figure<K>>, name: impl Fn(&K) -> (String, String)) -> Vec<Counted> {
    found
        .into_iter()
        .filter(|f| f.cases > 0)
        .take(12)
        .map(|f| {
            let (name, href) = name(&f.key);
            Counted { href, name, all: f.cases, open: f.open, overdue: f.overdue }
        })
        .collect()
}

fn table(chrome: &Chrome, head: String, rows: Vec<Counted>) -> Markup {
    piece(&CountTable { chrome, first: head.clone(), head, rows })
}

/// Days gathered so that a chart has at most some twelve marks.
fn gathered<T>(days: Vec<(i64, T)>, from: i64, to: i64, add: impl Fn(&mut T, T)) -> Vec<(i64, T)>
where
    T: Default,
{
    let step = ((to - from) / 12).max(1);
    let mut marks: Vec<(i64, T)> =
        (0..=(to - from) / step).map(|n| (from + n * step, T::default())).filter(|(d, _)| *d < to).collect();
    for (day, value) in days {
        if let Ok(n) = usize::try_from((day - from).div_euclid(step))
            && let Some((_, mark)) = marks.get_mut(n)
        {
            add(mark, value);
        }
    }
    marks
}

fn label(day: i64) -> String {
    china_day_start(day).china_date().format("%-m-%-d").to_string()
}

fn rates_chart(ctx: &Ctx, chrome: &Chrome, days: Vec<(i64, Tally)>, span: Span) -> Markup {
    let marks = gathered(days, china_day(span.from), china_day(span.to), |all: &mut Tally, day| *all += day);
    let keys = ["desk-day", "desk-rate-response", "desk-rate-solution", "desk-rate-satisfaction"];
    let rows = marks.into_iter().map(|(day, t)| {
        (label(day), vec![percent(t.response), percent(t.solution), percent(t.satisfaction)])
    });
    chart(chrome, "%".to_owned(), keys.iter().map(|k| ctx.locale.t(k)).collect(), rows.collect())
}

fn sources_chart(ctx: &Ctx, chrome: &Chrome, trend: &[DayCount], span: Span) -> Markup {
    let days = trend
        .iter()
        .map(|d| (china_day(Timestamp::china_midnight(d.date)), (d.found, d.hotline, d.reported)))
        .collect();
    let add = |all: &mut (i64, i64, i64), d: (i64, i64, i64)| {
        all.0 += d.0;
        all.1 += d.1;
        all.2 += d.2;
    };
    let marks = gathered(days, china_day(span.from), china_day(span.to), add);
    let keys = ["desk-day", "desk-found-own", "desk-from-hotline", "desk-from-others"];
    let rows = marks.into_iter().map(|(day, (found, hotline, all))| {
        let rest = all - found - hotline;
        (label(day), [found, hotline, rest].iter().map(ToString::to_string).collect())
    });
    chart(chrome, String::new(), keys.iter().map(|k| ctx.locale.t(k)).collect(), rows.collect())
}

/// The whole days of a period that ends today.
pub(super) fn span(now: Timestamp, days: i64) -> Span {
    let midnight = Timestamp::china_midnight(now.china_date());
    let from = Timestamp::from_millis(midnight.millis() - (days - 1) * DAY_MS);
    Span::new(from, Timestamp::from_millis(midnight.millis() + DAY_MS), now)
}

fn dates(span: Span) -> (String, String) {
    let last = Timestamp::from_millis(span.to.millis() - 1);
    (span.from.china_date().to_string(), last.china_date().to_string())
}

/// Everything that the page counts, of one state of the ledger.
struct Gathered {
    rates: Rates,
    counts: BoardCounts,
    areas: Vec<Figure<AreaCode>>,
    leads: Vec<Figure<OrgId>>,
    categories: Vec<Figure<String>>,
    whistles: Vec<Figure<WhistleLevel>>,
    daily: Vec<(i64, Tally)>,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let (period, days) = PERIODS.iter().find(|(p, _)| *p == asked.period).copied().unwrap_or(PERIODS[2]);
    let span = span(room.now, days);
    let whole = room.scope(&ctx, "stats.view");
    let wish: Option<AreaCode> = asked.area.and_then(|a| a.parse().ok());
    let scope = narrowed(&whole, wish.as_ref());
    let root = scope.areas.first().cloned().unwrap_or_else(|| ctx.district.area.clone());
    let digits = if root.level() == AreaLevel::District { 9 } else { root.as_str().len().max(9) + 3 }.min(15);
    let Gathered { rates, counts, areas, leads, categories, whistles, daily } = ctx
        .district
        .port::<Ledger>()?
        .read(&mut room.conn, |table| Gathered {
            rates: read::rated(table, &scope, span.from, span.to),
            counts: read::counted(table, &scope, span.now),
            areas: figures::by_area(table, &scope, digits, span),
            leads: figures::by_lead(table, &scope, span),
            categories: figures::by_category(table, &scope, span),
            whistles: figures::by_whistle(table, &scope, span),
            daily: figures::daily_rates(table, &scope, span),
        })
        .await?;

    let (from, to) = dates(span);
    let time = format!("from={from}&to={to}");
    let place = if root.level() == AreaLevel::District { String::new() } else { format!("&area={root}") };
    // A task is a part of a case that is counted already.
    let base = format!("{time}&fact={}", Fact::Case);
    let query = format!("{base}{place}");
    let frame = chrome(&ctx, &room, "desk-overview");
    let l = &ctx.locale;
    let whistle_rows =
        whistles.into_iter().map(|f| (l.t(&format!("desk-whistle-{}", f.key)), vec![f.cases.to_string()]));
    let heads = vec![l.t("desk-field-whistle"), l.t("desk-all-cases")];
    let hot = hot(&ctx, &room, &categories, &query, 6);
    let atlas = &room.atlas;
    let name_area = |code: &AreaCode| {
        let href = format!("/desk/cases?{base}&area={code}");
        if code.as_str().len() < digits {
            // Told without a place, or with one that nobody could find: the area looked at, and nothing finer.
            return (l.t("desk-no-finer"), format!("{href}&no_finer=yes"));
        }
        (atlas.name(code).to_owned(), href)
    };
    let name_org = |id: &OrgId| (atlas.org_name(*id).to_owned(), format!("/desk/cases?{query}&lead={id}"));
    let name_category = |code: &String| {
        let (name, code) = match code.as_str() {
            "" => (l.t("desk-uncategorised"), UNCATEGORISED),
            code => (atlas.category_path(code), code),
        };
        (name, format!("/desk/cases?{query}&category={code}"))
    };
    let template = OverviewPage {
        head: l.t_with("desk-overview-of", &[("name", atlas.name(&root).to_owned())]),
        sub: l.t_with("desk-overview-sub", &[("from", from.clone()), ("to", to.clone())]),
        area: wish.filter(|a| whole.covers(a, &[])),
        periods: PERIODS
            .iter()
            .map(|(p, _)| Choice {
                chosen: *p == period,
                ..Choice::new(*p, l.t(&format!("desk-period-{p}")))
            })
            .collect(),
        stats: stats(&ctx, &rates, &counts, &time, &place),
        map_areas: format!("?in={root}"),
        hot,
        chart_whistles: chart(&frame, String::new(), heads, whistle_rows.collect()),
        chart_rates: rates_chart(&ctx, &frame, daily, span),
        chart_sources: sources_chart(&ctx, &frame, &rates.trend, span),
        by_area_head: l.t("desk-by-area"),
        table_areas: table(&frame, l.t("desk-by-area"), counted(areas, name_area)),
        table_orgs: table(&frame, l.t("desk-by-org"), counted(leads, name_org)),
        table_categories: table(&frame, l.t("desk-by-category"), counted(categories, name_category)),
        chrome: frame.clone(),
        query: query.clone(),
    };
    page(&ctx, StatusCode::OK, &template)
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/overview", Access::May("stats.view"), show)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_falls_into_one_mark() {
        let days: Vec<(i64, i64)> = (100..130).map(|d| (d, 1)).collect();
        let marks = gathered(days, 100, 130, |all, one| *all += one);
        assert_eq!(marks.iter().map(|(_, n)| n).sum::<i64>(), 30);
        assert!(marks.len() <= 16, "{}", marks.len());
    }

    #[test]
    fn a_period_ends_with_today() {
        let now: Timestamp = "2026-11-23T14:05:00+08:00".parse().unwrap();
        let week = span(now, 7);
        assert_eq!(dates(week), ("2026-11-17".to_owned(), "2026-11-23".to_owned()));
        assert_eq!(week.before.china_date().to_string(), "2026-11-10");
    }
}
