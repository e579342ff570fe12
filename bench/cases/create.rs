//! Creating cases: through HTTP with everything durable, and by the bare engine, in turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use linli_access::api_keys::{self, NewApiKey};
use linli_store::{Db, Target};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Options, Outcome, Row, bare,
    client::Client,
    median,
    service::{Place, Server},
};

/// How many rows one case of ours wrote, so that the bare engine writes no fewer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerCase {
    pub(crate) entries: i64,
    pub(crate) activity: i64,
    pub(crate) outbox: i64,
    pub(crate) once: i64,
    /// Whether the daily counter is counted up too.
    pub(crate) numbered: bool,
}

const BODY: &str = "小区北门东侧路灯已经坏了一个多星期，晚上老人出行看不清台阶，前天有人差点摔倒。希望尽快派人来修，\
                    最好顺便看看旁边松动的井盖，车一过就响，影响楼上休息。";

fn texts() -> bare::Texts {
    bare::Texts {
        org: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
        title: BODY.chars().take(40).collect(),
        body: BODY.to_owned(),
        address: "怡园街道古陌社区花园小区北门".to_owned(),
        words: linli_kernel::text::index_column([BODY, "怡园街道古陌社区花园小区北门", "HC20261123-000123"]),
        rest: json!({ "assisting": [], "returns": 0, "lead_bound": false, "clocks": [{ "kind": "triage", "due": 1_764_000_000_000_i64,
            "start": 1_764_000_000_000_i64, "pauses": [], "allowance": { "amount": 30, "unit": "minutes" } }] })
        .to_string(),
        detail: json!({ "number": "HC20261123-000123", "entry": 0, "from": null, "to": "reported", "facts": {} }).to_string(),
        payload: json!({ "case": Uuid::nil(), "number": "HC20261123-000123", "kind": "reported", "org": Uuid::nil() }).to_string(),
        answer: json!({ "id": Uuid::nil(), "number": "HC20261123-000123",
            "tracking_url": "http://127.0.0.1:8080/t/0123456789012345678901234567890123456789012" })
        .to_string(),
        fingerprint: "0".repeat(64),
        sealed: vec![7; 52],
    }
}

static SENT: AtomicU64 = AtomicU64::new(0);

/// Cases per second acknowledged to `keys.len()` clients.
async fn ours(server: &Server, keys: &[String], time: Duration) -> Outcome<(f64, Vec<f64>)> {
    let mut running =
        tokio::task::JoinSet::<Result<Vec<f64>, Box<dyn std::error::Error + Send + Sync>>>::new();
    let began = Instant::now();
    for key in keys {
        let mut client = Client::connect(&server.host).await?;
        let key = key.clone();
        running.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < time {
                let nth = SENT.fetch_add(1, Ordering::Relaxed);
                let (lat, lng) = (37.40 + (nth % 97) as f64 * 0.001, 122.00 + (nth % 89) as f64 * 0.002);
                let body = json!({
                    "source": "property", "nature": "help", "text": format!("{BODY}（{nth}）"), "lat": lat, "lng": lng,
                    "address": "怡园街道古陌社区花园小区北门", "reporter_name": "张三丰", "reporter_phone": "13800138000",
                });
                let headers = format!(
                    "authorization: Bearer {key}\r\ncontent-type: application/json\r\nidempotency-key: bench-{}-{nth}\r\n",
                    std::process::id()
                );
                let sent = Instant::now();
                let answer = client.send("POST", "/api/v1/cases", &headers, &body.to_string()).await?;
                if answer.status != 201 {
                    return Err(format!("POST /api/v1/cases: {} {}", answer.status, answer.body).into());
                }
                waits.push(sent.elapsed().as_secs_f64() * 1000.0);
            }
            Ok(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(one) = running.join_next().await {
        waits.extend(one?.map_err(|e| e.to_string())?);
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    Ok((rate, waits))
}

async fn rows(place: &Place) -> Outcome<[i64; 5]> {
    let target: Target = place.database.parse()?;
    let db = Db::open(&target).await?;
    let mut conn = db.read().await?;
    let mut found = [0; 5];
    for (n, table) in ["case_file", "case_entry", "activity", "outbox", "idempotency"].iter().enumerate() {
        found[n] = conn.scalar(&format!("SELECT count(*) FROM {table}"), vec![]).await?;
    }
    drop(conn);
    db.close().await;
    Ok(found)
}

/// Keys by which other systems report.
async fn keys(place: &Place, count: usize) -> Outcome<Vec<String>> {
    let district = place.open().await?;
    let mut op = district.op("bench keys").await?;
    let mut keys = Vec::new();
    for nth in 0..count {
        let new = NewApiKey {
            name: format!("bench {nth}"),
            scopes: vec!["case.report".into()],
            area: district.area.clone(),
            expires_at: op.now.plus(Duration::from_hours(24)),
        };
        keys.push(api_keys::create(&mut op, new).await?.1);
    }
    op.commit().await?;
    district.db.close().await;
    Ok(keys)
}

/// One engine: `ours` and `plain` are two districts made alike.
pub(crate) async fn run(
    options: &Options,
    engine: &str,
    ours_at: &Place,
    plain: &Place,
) -> Outcome<Vec<Row>> {
    let keys = keys(ours_at, options.clients).await?;
    // What one case writes is counted with the first case of a server without other work.
    let before = rows(ours_at).await?;
    let server = ours_at.serve()?;
    let (_, _) = ours(&server, &keys, Duration::from_secs(2)).await?;
    drop(server);
    let after = rows(ours_at).await?;
    let cases = after[0] - before[0];
    let per = |n: usize| (after[n] - before[n] + cases / 2) / cases;
    let mut per_case =
        PerCase { entries: per(1), activity: per(2), outbox: per(3), once: per(4), numbered: true };

    let texts = Arc::new(texts());
    let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rates, mut waits, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let server = ours_at.serve()?;
        ours(&server, &keys, Duration::from_millis(500)).await?;
        let (c0, m0) = (server.metric("sqlite_commits").await?, server.metric("sqlite_transactions").await?);
        let (rate, took) = ours(&server, &keys, options.time).await?;
        let (c1, m1) = (server.metric("sqlite_commits").await?, server.metric("sqlite_transactions").await?);
        drop(server);
        rates.push(rate);
        waits.extend(took);
        match plain.database.parse::<Target>()? {
            Target::Sqlite(path) => {
                let path = path.display().to_string();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 1 and the clients"
                )]
                let group =
                    ((m1 - m0) / (c1 - c0).max(1.0)).round().clamp(1.0, options.clients as f64) as usize;
                groups.push(group as f64);
                let grouped = bare::sqlite_grouped(&path, group, &texts, &per_case, options.time).await?;
                let single =
                    bare::sqlite_single(&path, options.clients, &texts, per_case, options.time).await?;
                first.push(rate / grouped);
                second.push(rate / single);
                third.push(grouped);
            }
            Target::Postgres { url, schema } => {
                per_case.numbered = true;
                let same =
                    bare::postgres(&url, &schema, options.clients, &texts, per_case, options.time).await?;
                per_case.numbered = false;
                let free =
                    bare::postgres(&url, &schema, options.clients, &texts, per_case, options.time).await?;
                first.push(rate / same);
                second.push(rate / free);
                third.push(same);
            }
        }
    }
    waits.sort_by(f64::total_cmp);
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    let (strict, loose) = if groups.is_empty() {
        ("bare, same rows, a commit per case".to_owned(), "bare without the day's number".to_owned())
    } else {
        (
            format!("bare, same rows, {:.0} cases per commit as ours", median(&mut groups)),
            "bare, one commit per case".to_owned(),
        )
    };
    let what = format!("create, {engine}, {} clients", options.clients);
    let detail: Value = json!({ "rows_per_case": { "case_file": 1, "case_words": 1, "case_org": 1, "case_entry": per_case.entries,
        "activity": per_case.activity, "outbox": per_case.outbox, "idempotency": per_case.once },
        "rates": rates, "ratios": first, "ratios_loose": second });
    Ok(vec![
        Row::figure(&what, "cases per second through HTTP", median(&mut rates), None).with(detail),
        Row::figure(&what, "answered within, median / 99 %", at(50), None)
            .unit(&format!("ms / {:.1} ms", at(99))),
        Row::figure(&what, &format!("rate of {strict}"), median(&mut third), None),
        Row::at_least(&what, &format!("ratio to {strict}"), median(&mut first), 0.5),
        Row::figure(&what, &format!("ratio to {loose}"), median(&mut second), None),
    ])
}
