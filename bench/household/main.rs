//! `bench/household`: what the register of homes costs: residents brought in, found and looked at, forms at the doors,
//! news to a peer, the list on a worker's phone. Ratios are to the bare engine doing the same in the same run.

mod bare;
#[path = "../lib/client.rs"]
mod client;
mod forms;
mod import;
mod peer;
mod reads;
#[path = "../lib/report.rs"]
mod report;
#[path = "../lib/service.rs"]
mod service;
mod sheet;

use std::{env, fs, path::PathBuf, time::Duration};

pub(crate) use report::{Outcome, Row, median};
use service::Place;

/// How long and how large.
pub(crate) struct Options {
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    /// Homes of the small and of the large register.
    homes: (usize, usize),
    only: Vec<String>,
    folder: PathBuf,
    out: PathBuf,
}

impl Options {
    fn read() -> Outcome<Self> {
        let mut options = Self {
            clients: 16,
            rounds: 5,
            time: Duration::from_secs(6),
            homes: (15_000, 150_000),
            only: Vec::new(),
            folder: env::temp_dir().join(format!("linli-bench-homes-{}", std::process::id())),
            out: "bench/out/household.json".into(),
        };
        let mut arguments = env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--clients" => options.clients = value()?.parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.time = Duration::from_secs_f64(value()?.parse()?),
                "--homes" => {
                    let homes: usize = value()?.parse()?;
                    options.homes = (homes / 10, homes);
                }
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--folder" => options.folder = value()?.into(),
                "--out" => options.out = value()?.into(),
                _ => return Err(format!("{name}: --clients N --rounds N --seconds S --homes N --only reads,forms,peer --folder DIR --out FILE").into()),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    /// A place for a district on SQLite.
    fn place(&self, name: &str) -> Place {
        let folder = self.folder.join(name);
        let database = format!("sqlite:{}", folder.join("huancui.db").display());
        Place { folder, database }
    }
}

/// What was measured before something failed stays measured.
async fn measure(options: &Options, rows: &mut Vec<Row>) -> Outcome<()> {
    let large = options.place("large");
    large.demo(0.001)?;
    eprintln!("bringing in the residents of {} homes", options.homes.1);
    rows.extend(import::run(options, &large, options.homes.1).await?);
    if options.wants("reads") {
        let small = options.place("small");
        small.demo(0.001)?;
        eprintln!("bringing in the residents of {} homes", options.homes.0);
        import::run(options, &small, options.homes.0).await?;
        rows.extend(reads::run(&small, &large).await?);
    }
    if options.wants("peer") {
        eprintln!("telling a peer of changes");
        rows.push(peer::run(&large).await?);
    }
    if options.wants("forms") {
        eprintln!("filling in forms at the doors");
        rows.extend(forms::run(options, &large).await?);
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let options = Options::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    fs::create_dir_all(&options.folder)?;
    let mut rows = Vec::new();
    let outcome = runtime.block_on(measure(&options, &mut rows));
    if let Err(error) = fs::remove_dir_all(&options.folder) {
        eprintln!("{}: {error}", options.folder.display());
    }
    report::show(&rows, &options.out)?;
    outcome
}
