//! Residents brought in from a sheet: checked, sealed, searchable; beside the engine copying the same rows.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use linli_store::{Db, Target};
use serde_json::json;

use crate::{Options, Outcome, Row, bare, service::Place, sheet};

/// Brings `homes` in; answers what it cost.
pub(crate) async fn run(options: &Options, place: &Place, homes: usize) -> Outcome<Vec<Row>> {
    let file = place.folder.join("residents.csv");
    let people = sheet::write(&file, homes)?;
    let path = file.display().to_string();
    let began = Instant::now();
    let done = place.command(&["import", "residents", &path])?.stdout(Stdio::null()).status()?;
    let took = began.elapsed();
    std::fs::remove_file(&file)?;
    if !done.success() {
        return Err("linli import residents failed".into());
    }
    let found = count(place).await?;
    if usize::try_from(found)? < people {
        return Err(format!("{people} people in the sheet, {found} in the register").into());
    }
    let Target::Sqlite(from) = place.database.parse::<Target>()? else { return Err("SQLite only".into()) };
    let to = options.folder.join("copy.db");
    let (rows, copied) = bare::copy(&from, &to).await?;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", to.display()));
    }
    let rate = people as f64 / took.as_secs_f64();
    let what = format!("residents brought in, {people} in {homes} homes, SQLite");
    Ok(vec![
        Row::at_least(&what, "rows a second, with the start of the program", rate, 8_000.0)
            .unit(&format!("({:.0} s)", took.as_secs_f64())),
        Row::figure(&what, "÷ the engine copying the same rows and indices", ratio(copied, took), None)
            .with(json!({ "rows": rows, "copied_s": copied.as_secs_f64() })),
    ])
}

fn ratio(bare: Duration, ours: Duration) -> f64 {
    bare.as_secs_f64() / ours.as_secs_f64()
}

async fn count(place: &Place) -> Outcome<i64> {
    let db = Db::open(&place.database.parse()?).await?;
    let found = db.read().await?.scalar("SELECT count(*) FROM resident", vec![]).await?;
    db.close().await;
    Ok(found)
}
