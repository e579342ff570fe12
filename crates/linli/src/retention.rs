//! The wire between the register's table of retention and what other slices keep of people.

use std::sync::Arc;

use linli_household::{model::Basis, privacy::Steward};
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{
    Blobs, District, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};

/// The outbox kind of files that nothing may need any more.
const FILES: &str = "privacy.files";

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

/// Removes files that no row names: the same picture may be in a case too.
async fn files(district: Arc<District>, task: Task) -> Result<()> {
    let names: Vec<String> = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let blobs = district.port::<Blobs>()?;
    for name in names {
        let named: i64 = district
            .db
            .read()
            .await?
            .scalar(
                "SELECT (SELECT count(*) FROM survey_photo WHERE blob = $1 OR small = $1)
                      + (SELECT count(*) FROM case_photo WHERE full_blob = $1 OR small_blob = $1)
                      + (SELECT count(*) FROM visit_photo WHERE full_blob = $1 OR small_blob = $1)",
                params![&name],
            )
            .await?;
        if named == 0 {
            blobs.remove(&name).await?;
        }
    }
    Ok(())
}

fn removed(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(files(district, task))
}

/// What this wire carries out.
pub(crate) fn handlers() -> Handlers {
    Handlers::from([(FILES, Handler::Outside(removed))])
}
