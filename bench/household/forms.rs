//! Forms at the doors: a whole building scans the code in one hour. Each is an entry of the queue with its number, its
//! row of activity and its key against repeats, durable before the answer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use linli_access::Access;
use linli_household::{
    code::{self, CodeKind, Label},
    model::BuildingId,
};
use linli_store::{Db, Target};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use crate::{
    Options, Outcome, Row, bare,
    client::Client,
    median,
    service::{Place, Server},
    sheet,
};

/// Houses that get codes: enough doors that no code is used more often than a family would.
const HOUSES: i64 = 4_000;
/// What an accepted form writes, besides the day's number.
const TABLES: [&str; 5] = ["claim", "claim_number", "activity", "outbox", "idempotency"];

/// The labels of doors.
async fn labels(place: &Place) -> Outcome<Vec<String>> {
    let district = place.open().await?;
    let access = district.port::<Access>()?;
    let sql = "SELECT b.id FROM building b WHERE b.place LIKE $2 ORDER BY b.n LIMIT $1";
    let houses: Vec<(BuildingId,)> =
        district.db.read().await?.all(sql, vec![HOUSES.into(), format!("{}%", sheet::ESTATE).into()]).await?;
    let mut labels = Vec::new();
    for (house,) in houses {
        let mut op = district.op("bench codes").await?;
        code::issue_missing(&mut op, house).await?;
        let codes = code::of_building(&mut op.tx, house).await?;
        op.commit().await?;
        for code in codes.iter().filter(|code| code.kind == CodeKind::Dwelling) {
            labels.push(Label(code.n.ok_or("a code without its number")?).text(&access, &district.area)?);
        }
    }
    district.db.close().await;
    if labels.is_empty() { Err("no doors with codes".into()) } else { Ok(labels) }
}

static SENT: AtomicUsize = AtomicUsize::new(0);

/// Forms per second acknowledged to so many clients, and their waits in milliseconds.
async fn ours(
    server: &Server,
    labels: &[String],
    clients: usize,
    time: Duration,
) -> Outcome<(f64, Vec<f64>)> {
    let mut running =
        tokio::task::JoinSet::<Result<Vec<f64>, Box<dyn std::error::Error + Send + Sync>>>::new();
    let began = Instant::now();
    for _ in 0..clients {
        let mut client = Client::connect(&server.host).await?;
        let labels = labels.to_vec();
        running.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < time {
                let nth = SENT.fetch_add(1, Ordering::Relaxed);
                let label = &labels[nth % labels.len()];
                // Nobody of the register: the number is of a home far behind its last.
                let who = sheet::person(3_000_000 + nth, 0).map_err(|e| e.to_string())?;
                let form = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([
                        ("skip", "1"),
                        ("idempotency_key", &bare::fresh().to_string()),
                        ("usage", "own"),
                        ("phone", &who.phone),
                        ("m0.name", &who.name),
                        ("m0.id_number", &who.id),
                        ("m0.relation", "head"),
                        ("m0.residence", "registered"),
                        ("consent", "yes"),
                    ])
                    .finish();
                // A phone of its own, as the reverse proxy tells it.
                let headers = format!(
                    "content-type: application/x-www-form-urlencoded\r\nx-forwarded-for: 10.{}.{}.{}\r\n",
                    nth / 65_536 % 256,
                    nth / 256 % 256,
                    nth % 256
                );
                let sent = Instant::now();
                let answer = client.send("POST", &format!("/d/{label}/fill?skip=1"), &headers, &form).await?;
                if answer.status != 303 {
                    let why = answer.body.split("class=\"errors\"").nth(1).unwrap_or_default();
                    return Err(format!("a form: {} {}", answer.status, why.get(..300).unwrap_or(why)).into());
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

async fn counts(place: &Place) -> Outcome<[i64; 5]> {
    let db = Db::open(&place.database.parse()?).await?;
    let mut conn = db.read().await?;
    let mut found = [0; 5];
    for (n, table) in TABLES.iter().enumerate() {
        found[n] = conn.scalar(&format!("SELECT count(*) FROM {table}"), vec![]).await?;
    }
    drop(conn);
    db.close().await;
    Ok(found)
}

/// How the bare engine writes a row like the last one of ours: its columns, the id and what must be one anew.
struct Copied {
    sql: String,
    /// Rows of one form.
    times: i64,
    /// Its id, or the one that it refers to, is the form's.
    is_of_form: bool,
}

/// The last row of each table lies in memory; a new one is it with other keys.
async fn prepare(conn: &mut SqliteConnection, times: [i64; 5]) -> Outcome<Vec<Copied>> {
    let fresh = |table: &str, column: &str| match (table, column) {
        ("claim" | "activity" | "outbox", "id") | ("claim_number", "claim_id") => Some("?1"),
        ("claim", "number") | ("idempotency", "key") => Some("?2"),
        ("claim_number", "id_hash") => Some("?3"),
        ("outbox", "once") | ("activity", "seq" | "link") => Some("NULL"),
        _ => None,
    };
    let mut all = Vec::new();
    for (table, times) in TABLES.into_iter().zip(times) {
        let last = format!(
            "CREATE TEMP TABLE last_{table} AS SELECT * FROM main.{table} ORDER BY rowid DESC LIMIT 1"
        );
        sqlx::query(AssertSqlSafe(last)).execute(&mut *conn).await?;
        let columns = sqlx::query(AssertSqlSafe(format!("PRAGMA main.table_info({table})")))
            .fetch_all(&mut *conn)
            .await?;
        let names: Vec<String> = columns.iter().map(|c| c.get("name")).collect();
        let values: Vec<&str> = names.iter().map(|name| fresh(table, name).unwrap_or(name)).collect();
        let sql = format!(
            "INSERT INTO main.{table} ({}) SELECT {} FROM last_{table}",
            names.join(", "),
            values.join(", ")
        );
        all.push(Copied { sql, times, is_of_form: table.starts_with("claim") });
    }
    Ok(all)
}

const NUMBER: &str = "INSERT INTO counter (name, n) VALUES ('BE20261130', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1";

/// Forms per second of one connection with so many to a commit: what the best of programs could reach.
async fn plain(place: &Place, group: usize, times: [i64; 5], time: Duration) -> Outcome<f64> {
    let Target::Sqlite(path) = place.database.parse::<Target>()? else { return Err("SQLite only".into()) };
    let mut conn = bare::open(&path).await?;
    let rows = prepare(&mut conn, times).await?;
    let (began, mut done) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
        for _ in 0..group {
            sqlx::query(NUMBER).execute(&mut *tx).await?;
            let form = bare::fresh();
            for row in &rows {
                for _ in 0..row.times {
                    let id = bare::fresh();
                    sqlx::query(AssertSqlSafe(row.sql.as_str()))
                        .bind(if row.is_of_form { form } else { id })
                        .bind(id.to_string())
                        .bind(id.as_bytes().to_vec())
                        .execute(&mut *tx)
                        .await?;
                }
            }
            done += 1;
        }
        tx.commit().await?;
    }
    let rate = f64::from(done) / began.elapsed().as_secs_f64();
    conn.close().await?;
    Ok(rate)
}

pub(crate) async fn run(options: &Options, place: &Place) -> Outcome<Vec<Row>> {
    let labels = labels(place).await?;
    let before = counts(place).await?;
    let server = place.serve()?;
    let _ = ours(&server, &labels, options.clients, Duration::from_secs(2)).await?;
    drop(server);
    let after = counts(place).await?;
    let forms = after[0] - before[0];
    let times = std::array::from_fn(|n| (after[n] - before[n] + forms / 2) / forms);
    let (mut ratios, mut single, mut rates, mut waits, mut groups) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let server = place.serve()?;
        ours(&server, &labels, options.clients, Duration::from_millis(500)).await?;
        let grouped = async || {
            Outcome::Ok((server.metric("sqlite_commits").await?, server.metric("sqlite_transactions").await?))
        };
        let (c0, m0) = grouped().await?;
        let (rate, took) = ours(&server, &labels, options.clients, options.time).await?;
        let (c1, m1) = grouped().await?;
        drop(server);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the clients"
        )]
        let group = ((m1 - m0) / (c1 - c0).max(1.0)).round().clamp(1.0, options.clients as f64) as usize;
        groups.push(group as f64);
        ratios.push(rate / plain(place, group, times, options.time).await?);
        single.push(rate / plain(place, 1, times, options.time).await?);
        rates.push(rate);
        waits.extend(took);
    }
    waits.sort_by(f64::total_cmp);
    let p95 = waits.get(waits.len() * 95 / 100).copied().unwrap_or_default();
    let what = "forms at the doors, SQLite";
    let about = format!(
        "({:.0} a second, p95 {p95:.0} ms, {:.0} to a commit)",
        median(&mut rates),
        median(&mut groups)
    );
    Ok(vec![
        Row::at_least(what, "÷ bare, same rows, same grouping", median(&mut ratios), 0.5).unit(&about),
        Row::figure(what, "÷ bare, same rows, a commit per form", median(&mut single), None),
    ])
}
