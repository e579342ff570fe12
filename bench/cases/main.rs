//! `bench/cases`: what the main job costs, as ratios to something measured in the same run.
//!
//! Prints a table and writes JSON. PostgreSQL is measured where `LINLI_TEST_POSTGRES` names a server.

mod bare;
#[path = "../lib/client.rs"]
mod client;
mod create;
mod reads;
#[path = "../lib/report.rs"]
mod report;
#[path = "../lib/service.rs"]
mod service;

use std::{env, fs, path::PathBuf, time::Duration};

use linli_store::Target;
pub(crate) use report::{Outcome, Row, median};
use service::Place;

/// How long and how large.
pub(crate) struct Options {
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    scales: (f64, f64),
    only: Vec<String>,
    folder: PathBuf,
    /// The districts stay in the folder, and the next run with it need not fill them again.
    keep: bool,
    out: PathBuf,
}

impl Options {
    fn read() -> Outcome<Self> {
        let mut options = Self {
            clients: 16,
            rounds: 5,
            time: Duration::from_secs(6),
            // 1,300 and 130,000 of the demo's 126,000.
            scales: (0.010_3, 1.0),
            only: Vec::new(),
            folder: env::temp_dir().join(format!("linli-bench-{}", std::process::id())),
            keep: false,
            out: "bench/out/cases.json".into(),
        };
        let mut arguments = env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--clients" => options.clients = value()?.parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.time = Duration::from_secs_f64(value()?.parse()?),
                "--large" => options.scales.1 = value()?.parse()?,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--folder" => options.folder = value()?.into(),
                "--keep" => options.keep = true,
                "--out" => options.out = value()?.into(),
                _ => return Err(format!("{name}: --clients N --rounds N --seconds S --large SCALE --only create,reads,memory,grid --folder DIR --keep --out FILE").into()),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// An empty place for a district, on SQLite or on the server of the tests.
    fn place(&self, name: &str, postgres: Option<&str>) -> Place {
        let folder = self.folder.join(name);
        let database = postgres.map_or_else(
            || format!("sqlite:{}", folder.join("huancui.db").display()),
            |url| format!("{url}?schema=bench_{}_{name}", std::process::id()),
        );
        Place { folder, database }
    }
}

async fn measure(options: &Options) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    let url = env::var("LINLI_TEST_POSTGRES").ok();
    let mut engines = vec![("SQLite", None)];
    if let Some(url) = &url {
        let (flushes, waits) =
            (bare::setting(url, "fsync").await?, bare::setting(url, "synchronous_commit").await?);
        eprintln!("PostgreSQL with fsync {flushes}, synchronous_commit {waits}");
        engines.push(("PostgreSQL", Some(url.as_str())));
    } else {
        eprintln!("NO PostgreSQL: LINLI_TEST_POSTGRES is not set; its figures are left out");
    }
    for (engine, url) in &engines {
        if options.wants("create") {
            eprintln!("creating cases on {engine}");
            let short = engine.to_lowercase();
            let (ours, plain) = (
                options.place(&format!("{short}_ours"), *url),
                options.place(&format!("{short}_bare"), *url),
            );
            ours.demo(0.005)?;
            plain.demo(0.005)?;
            rows.extend(create::run(options, engine, &ours, &plain).await?);
            for place in [ours, plain] {
                discard(&place).await?;
            }
        }
        if options.wants("reads") || options.wants("memory") {
            let short = engine.to_lowercase();
            let (small, large) = (
                options.place(&format!("{short}_small"), *url),
                options.place(&format!("{short}_large"), *url),
            );
            rows.extend(
                reads::run(options, engine, (&small, options.scales.0), (&large, options.scales.1)).await?,
            );
            for place in [small, large].iter().filter(|_| !options.keep) {
                discard(place).await?;
            }
        }
    }
    if options.wants("grid") {
        rows.push(reads::grid()?);
    }
    Ok(rows)
}

/// A schema on the tests' server would outlive us.
async fn discard(place: &Place) -> Outcome<()> {
    if let Target::Postgres { schema, .. } = place.database.parse::<Target>()? {
        let db = linli_store::Db::open(&place.database.parse()?).await?;
        let mut tx = db.begin().await?;
        tx.execute(&format!("DROP SCHEMA {schema} CASCADE"), vec![]).await?;
        tx.commit().await?;
        db.close().await;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let options = Options::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    fs::create_dir_all(&options.folder)?;
    let rows = runtime.block_on(measure(&options));
    if !options.keep
        && let Err(error) = fs::remove_dir_all(&options.folder)
    {
        eprintln!("{}: {error}", options.folder.display());
    }
    report::show(&rows?, &options.out)
}
