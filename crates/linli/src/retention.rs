//! The wire between the register's table of retention and what other slices keep of people.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::Timelike as _;
use linli_household::{model::Basis, privacy::Steward};
use linli_kernel::{Error, Result, Timestamp};
use linli_store::{
    Blobs, District, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};

/// The outbox kind of files that nothing may need any more.
const FILES: &str = "privacy.files";
/// The outbox kind that looks whether it is time to look for files that nobody named.
const NIGHT: &str = "files.night";
/// The outbox kind of removing them.
const SWEEP: &str = "files.sweep";
const EVERY: Duration = Duration::from_mins(20);
/// In the third hour of the morning, when fewest people work.
const HOUR: u32 = 3;
const DAY: Duration = Duration::from_hours(24);
/// Files asked for at once.
const PIECE: usize = 200;

/// What is kept outside the register.
pub(crate) const STEWARDS: &[Steward] = &[
    Steward {
        fields: "reporters",
        basis: Basis::Duty,
        days: 2 * 365,
        most: 10 * 365,
        enforce: |op, before, most| Box::pin(linli_cases::retention::destroy_reporters(op, before, most)),
        // Who reported is not tied to somebody of the register.
        erase: None,
    },
    Steward {
        fields: "hotline",
        basis: Basis::Duty,
        days: 30,
        most: 365,
        enforce: |op, before, most| Box::pin(linli_cases::retention::destroy_sheets(op, before, most)),
        // A wrong row does not say whose it is.
        erase: None,
    },
    Steward {
        fields: "survey",
        basis: Basis::Consent,
        days: 3 * 365,
        most: 10 * 365,
        enforce: |op, before, most| Box::pin(surveys(op, before, most)),
        // Answers belong to a home, and do not say whose of its people they are.
        erase: None,
    },
    Steward {
        fields: "visits",
        basis: Basis::Duty,
        days: 2 * 365,
        most: 5 * 365,
        enforce: |op, before, most| Box::pin(visits(op, before, most)),
        // A visit is to a home, and does not say whose of its people a photo shows.
        erase: None,
    },
];

async fn visits(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let (erased, files) = linli_household::visits::destroy(op, before, most).await?;
    if !files.is_empty() {
        op.emit(FILES, &files).await?;
    }
    Ok(erased)
}

async fn surveys(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let (erased, files) = linli_survey::retention::destroy(op, before, most).await?;
    if !files.is_empty() {
        // After the commit: a row never points at nothing.
        op.emit(FILES, &files).await?;
    }
    Ok(erased)
}

/// Every column that names a file.
const NAMING: &[(&str, &str)] = &[
    ("case_photo", "full_blob"),
    ("case_photo", "small_blob"),
    ("insight_model", "blob"),
    ("survey_photo", "blob"),
    ("survey_photo", "small"),
    ("visit_photo", "full_blob"),
    ("visit_photo", "small_blob"),
];

/// Which of these files a row names.
async fn named(district: &District, names: &[String]) -> Result<HashSet<String>> {
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let marks = marks.join(", ");
    let ways: Vec<String> = NAMING
        .iter()
        .map(|(table, column)| format!("SELECT {column} FROM {table} WHERE {column} IN ({marks})"))
        .collect();
    let args = names.iter().map(|name| linli_kernel::Value::from(name.as_str())).collect();
    let found: Vec<(String,)> = district.db.read().await?.all(&ways.join(" UNION ALL "), args).await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}

/// Removes files that no row names: the same picture may be in a case too.
async fn files(district: Arc<District>, task: Task) -> Result<()> {
    let names: Vec<String> = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let blobs = district.port::<Blobs>()?;
    for piece in names.chunks(PIECE) {
        let named = named(&district, piece).await?;
        for name in piece.iter().filter(|name| !named.contains(*name)) {
            blobs.remove(name).await?;
        }
    }
    Ok(())
}

/// Removes what was stored a day ago or earlier and never named: forms that were given up, transactions that failed.
async fn sweep(district: Arc<District>) -> Result<()> {
    let blobs = district.port::<Blobs>()?;
    let before = district.clock.now().minus(DAY);
    for name in blobs.aside()? {
        blobs.put_back(&name)?;
    }
    let all = blobs.clone();
    let old =
        tokio::task::spawn_blocking(move || all.older_than(before)).await.map_err(Error::internal)??;
    let mut gone = 0_usize;
    for piece in old.chunks(PIECE) {
        let known = named(&district, piece).await?;
        let mut aside = Vec::new();
        for name in piece.iter().filter(|name| !known.contains(*name)) {
            if blobs.set_aside(name, before)? {
                aside.push(name.clone());
            }
        }
        // Out of everybody's reach now: a row that names it stood before, or never comes.
        let after_all = named(&district, &aside).await?;
        for name in &aside {
            if after_all.contains(name) {
                blobs.put_back(name)?;
            } else {
                blobs.drop_aside(name)?;
                gone += 1;
            }
        }
    }
    if gone > 0 {
        tracing::info!(district = %district.name, files = gone, "files that nobody named were removed");
    }
    Ok(())
}

/// Once a night, after the work of the day.
async fn nightly(op: &mut Op) -> Result<()> {
    if op.now.in_china().hour() < HOUR {
        return Ok(());
    }
    let once = format!("{SWEEP}:{}", op.now.china_date());
    op.emit_later(SWEEP, &once, &(), Duration::ZERO).await
}

fn removed(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(files(district, task))
}

/// What this wire carries out.
pub(crate) fn handlers() -> Handlers {
    Handlers::from([
        (FILES, Handler::Outside(removed)),
        (NIGHT, Handler::Every(EVERY, |op| Box::pin(nightly(op)))),
        (SWEEP, Handler::Outside(|district, _| Box::pin(sweep(district)))),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NAMING;

    /// A table that names files and is not asked would lose them.
    #[test]
    fn every_column_that_names_a_file_is_asked() {
        let mut found = BTreeSet::new();
        for migration in crate::wiring::migrations() {
            let mut table = "";
            for line in migration.sql.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                    table = rest.split([' ', '(']).next().unwrap_or_default();
                }
                let column = line.split(' ').next().unwrap_or_default();
                if column == "blob" || column.ends_with("_blob") {
                    found.insert((table, column));
                }
            }
        }
        let asked: BTreeSet<_> =
            NAMING.iter().copied().filter(|(_, column)| column.ends_with("blob")).collect();
        assert_eq!(found, asked);
    }
}
