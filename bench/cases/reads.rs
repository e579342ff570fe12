//! Lists, boards and single cases in a small and in a large district: as many queries, as much time.
//! Then the memory of the server with the large one, and the look-up of a grid by a point.

use std::{hint::black_box, time::Instant};

use linli_grid::geometry::{GridIndex, Wgs84};
use serde_json::json;

use crate::{
    Options, Outcome, Row, median,
    service::{Place, Server},
};

/// Who looks at what. `{case}` is the newest case that they may see.
const PAGES: &[(&str, &str, &str)] = &[
    ("list", "street001.1", "/desk/cases"),
    ("list of the interface", "street001.1", "/api/v1/cases"),
    ("list by state, whole district", "centre1", "/desk/cases?state=assigned"),
    ("triage board", "street001.1", "/desk/triage"),
    ("clock board", "street001.1", "/desk/clocks"),
    ("department's inbox", "housing", "/desk/inbox"),
    ("worker's day", "grid001001001", "/work"),
    ("case", "street001.1", "/desk/cases/{case}"),
    ("case of the interface", "street001.1", "/api/v1/cases/{case}"),
    ("overview of the district", "centre1", "/desk/overview"),
    ("overview of a year", "centre1", "/desk/overview?period=year"),
    ("wall", "centre1", "/wall"),
    ("figures of the interface", "centre1", "/api/v1/cases/stats"),
    ("search for a word", "centre1", "/desk/cases?text=%E8%B7%AF%E7%81%AF"),
];

/// A refresh in the large district may take this many times as long as in the small one, and has this many milliseconds
/// beside: a page of the large one is full where the small one's has a few rows.
const TIMES: f64 = 2.0;
const FULL_PAGE: f64 = 5.0;

const TRIES: usize = 21;

struct Seen {
    queries: u32,
    millis: f64,
}

async fn look(server: &Server, login: &str, path: &str) -> Outcome<Seen> {
    let (mut client, cookie) = server.log_in(login).await?;
    let mut path = path.to_owned();
    if path.contains("{case}") {
        let list = client.get("/api/v1/cases?size=1", &cookie).await.map_err(|e| e.to_string())?;
        let list: serde_json::Value = serde_json::from_str(&list.body)?;
        let id = list["items"][0]["id"].as_str().ok_or("no case to look at")?;
        path = path.replace("{case}", id);
    }
    let (mut queries, mut times) = (0, Vec::new());
    for _ in 0..TRIES {
        let began = Instant::now();
        let answer = client.get(&path, &cookie).await.map_err(|e| e.to_string())?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        if answer.status != 200 {
            return Err(format!("{path} for {login}: {} {}", answer.status, answer.body).into());
        }
        queries = answer.queries.unwrap_or_default();
    }
    Ok(Seen { queries, millis: median(&mut times) })
}

/// Both districts of one engine, one after the other.
pub(crate) async fn run(
    options: &Options,
    engine: &str,
    (small, few): (&Place, f64),
    (large, many): (&Place, f64),
) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    small.demo(few)?;
    eprintln!("filling {engine} with {:.0} cases", 126_000.0 * many);
    let took = large.demo(many)?;
    let (a, b) = (small.serve()?, large.serve()?);
    if options.wants("reads") {
        for (name, login, path) in PAGES {
            let (little, much) = (look(&a, login, path).await?, look(&b, login, path).await?);
            let what = format!("{name}, {engine}");
            let detail = json!({ "path": path, "small": little.millis, "large": much.millis });
            let figure = format!("queries, {:.0} and {:.0} cases", 126_000.0 * few, 126_000.0 * many);
            let grown = f64::from(much.queries) - f64::from(little.queries);
            rows.push(
                Row::at_most(&what, &format!("{figure}: more"), grown, 0.0)
                    .unit(&format!("(of {})", much.queries)),
            );
            let time = format!("({:.1} → {:.1} ms)", little.millis, much.millis);
            let ratio = much.millis / little.millis;
            rows.push(Row::figure(&what, "time, large ÷ small", ratio, None).unit(&time));
            let beyond = much.millis - TIMES * little.millis;
            rows.push(
                Row::at_most(&what, "time beyond twice the small one's", beyond, FULL_PAGE)
                    .unit("ms")
                    .with(detail),
            );
        }
    }
    if options.wants("memory") {
        for (_, login, path) in PAGES {
            look(&b, login, path).await?;
        }
        let (now, most) = b.memory()?;
        let what = format!("server with the full demo, {engine}");
        rows.push(
            Row::at_most(&what, "memory at its highest (VmHWM)", most, 200.0)
                .unit(&format!("MB (now {now:.0})")),
        );
        rows.push(Row::figure(&what, "filled in", took.as_secs_f64(), None).unit("s"));
    }
    Ok(rows)
}

/// The grid of a point.
pub(crate) fn grid() -> Outcome<Row> {
    const LOOKUPS: u32 = 200_000;
    let district = linli_demo::district::District::generate(1, 0.01)?;
    let index = GridIndex::build(district.grids().map(|grid| (grid.code.clone(), &grid.shape)));
    let points: Vec<Wgs84> = (0..4096_u32)
        .filter_map(|n| Wgs84::new(121.95 + f64::from(n % 64) * 0.005, 37.25 + f64::from(n / 64) * 0.005))
        .collect();
    let found = points.iter().filter(|p| index.locate(**p).is_some()).count();
    let began = Instant::now();
    for n in 0..LOOKUPS {
        black_box(index.locate(points[n as usize % points.len()]));
    }
    let micros = began.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKUPS);
    let what = format!("grid by point, {} grids", index.len());
    Ok(Row::at_most(&what, "one look-up", micros, 10.0)
        .unit(&format!("µs ({found} of {} points inside)", points.len())))
}
