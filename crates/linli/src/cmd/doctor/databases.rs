//! Each district's database: is it there, is it ours, is it up to date, does it agree on the time.

use linli_access::Master;
use linli_kernel::{Clock, Result, params};
use linli_store::{Db, backup, migrate, outbox};

use super::{Findings, place::SKEW_MS};
use crate::{
    config::{Config, DistrictConfig},
    wiring,
};

pub(super) async fn look(config: &Config, settings: &DistrictConfig, clock: &Clock, found: &mut Findings) {
    let name = &settings.name;
    let unreachable = |found: &mut Findings, error: &dyn std::fmt::Display| {
        found.bad(
            format!("database of {name}: {error}"),
            "check the key `database` of this district, and that the server runs",
        );
    };
    // Looking must not make one.
    match settings.target() {
        Ok(target @ linli_store::Target::Sqlite(_)) if !matches!(backup::exists(&target).await, Ok(true)) => {
            return found
                .note(format!("database of {name}: there is none yet"), "it is made at the first start");
        }
        Ok(_) => {}
        Err(error) => return unreachable(found, &error),
    }
    let db = match wiring::database(settings).await {
        Ok(db) => db,
        Err(error) => return unreachable(found, &error),
    };
    if let Err(error) = inside(config, name, &db, clock, found).await {
        found.bad(format!("database of {name}: {error}"), "is this the right database?");
    }
    db.close().await;
}

async fn inside(config: &Config, name: &str, db: &Db, clock: &Clock, found: &mut Findings) -> Result<()> {
    let known = wiring::migrations();
    let behind = migrate::pending(db, &known).await?;
    let mut conn = db.read().await?;
    if !behind.is_empty() {
        found.bad(
            format!("database of {name} is behind by {}: {}", behind.len(), behind.join(", ")),
            "run: linli migrate (a start does it too)",
        );
        return Ok(());
    }
    let newer: Vec<(String,)> = conn.all("SELECT name FROM migration ORDER BY name", vec![]).await?;
    let newer: Vec<&str> =
        newer.iter().map(|(n,)| n.as_str()).filter(|n| known.iter().all(|k| k.name != *n)).collect();
    if newer.is_empty() {
        found.good(format!("database of {name}"));
    } else {
        found.bad(
            format!("database of {name} was used by a newer linli: {}", newer.join(", ")),
            "install that version again, or restore a backup from before it",
        );
    }
    keys(config, name, &mut conn, found).await?;
    time(name, &mut conn, clock, found).await?;
    drop(conn);
    let (waiting, failed) = outbox::depth(db).await?;
    if failed > 0 {
        found.note(
            format!("outbox of {name}: {waiting} waiting, {failed} set aside"),
            "the administrator's outbox page tells the reasons and sends them again",
        );
    } else {
        found.good(format!("outbox of {name}: {waiting} waiting"));
    }
    Ok(())
}

/// Whether the master key opens the keys inside.
async fn keys(config: &Config, name: &str, conn: &mut linli_store::Conn, found: &mut Findings) -> Result<()> {
    // A key that cannot be read is a finding of its own.
    let Ok(master) = Master::read(&config.master_key()) else { return Ok(()) };
    let wanted: Vec<(String,)> = conn.all("SELECT DISTINCT master FROM data_key", vec![]).await?;
    let marks = master.marks();
    if wanted.iter().any(|(mark,)| !marks.contains(mark)) {
        found.bad(
            format!("the master key {} does not open the database of {name}", config.master_key().display()),
            "bring back the key that was used with this database; without it sealed fields stay shut",
        );
    }
    Ok(())
}

/// Our clock against the database's, and against the newest thing that happened.
async fn time(name: &str, conn: &mut linli_store::Conn, clock: &Clock, found: &mut Findings) -> Result<()> {
    const MEND: &str = "set the clocks of both machines, and keep them right by NTP";
    let now = clock.now();
    let sql = conn
        .dialect(
            "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        )
        .to_owned();
    let theirs: i64 = conn.scalar(&sql, vec![]).await?;
    let apart = now.millis() - theirs;
    if apart.abs() > SKEW_MS {
        found.bad(format!("our clock and that of the database of {name} are {} s apart", apart / 1000), MEND);
    }
    let ahead: i64 =
        conn.scalar("SELECT count(*) FROM activity WHERE at > $1", params![now.millis() + SKEW_MS]).await?;
    if ahead > 0 {
        found.bad(
            format!("{ahead} rows of the log of {name} lie in the future: our clock is behind, or was ahead"),
            MEND,
        );
    }
    Ok(())
}
