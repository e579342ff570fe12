//! Looking a staged batch through: what an import would do, and which rows somebody should mend before.

use std::collections::HashSet;

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{FieldError, Result};
use linli_store::{Conn, District, Op};
use linli_web::Locale;

use super::{
    FAULTS, as_line,
    batch::{self, Batch, Fault},
    columns::Mapping,
    file::FaultSheet,
    land, lines, reader,
    row::Reader,
};
use crate::{model::BatchId, store::Seal};

/// Wrong rows that a page shows.
const SHOWN: usize = 20;
/// Rows that are shown as they are.
const SAMPLE: usize = 8;

/// What an import would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The first rows as they are; numbers and phones masked.
    pub sample: Vec<Vec<String>>,
    /// People who are new.
    pub fresh: i64,
    /// People who are known, here or elsewhere.
    pub known: i64,
    /// Rows that name somebody a second time in the file.
    pub repeated: i64,
    /// Rows that are wrong.
    pub faulty: i64,
    /// The first wrong rows; numbers and phones masked.
    pub faults: Vec<Fault>,
}

impl Survey {
    /// Whether an import would be given up: so much is wrong that the columns must be mistaken.
    pub const fn is_hopeless(&self) -> bool {
        self.faulty > FAULTS
    }
}

/// A row that is not as it should be.
struct Odd {
    line: u64,
    faults: Vec<FieldError>,
    cells: Vec<String>,
}

/// Looks a staged batch through.
pub async fn survey(op: &mut Op, id: BatchId, mapping: &Mapping) -> Result<Survey> {
    let batch = batch::lock(&mut op.tx, id).await?;
    op.permit("household.import", &Target::at(&batch.area))?;
    let reader = reader(&op.district, &batch, mapping, op.now)?;
    let access = op.district.port::<Access>()?;
    let mut faults = Vec::new();
    let mut survey = look(&mut op.tx, &access, &reader, &batch, &mut |odd| {
        if faults.len() < SHOWN {
            let cells = reader.masked(&odd.cells);
            faults.push(Fault { line: as_line(odd.line), faults: odd.faults, cells });
        }
        Ok(())
    })
    .await?;
    survey.faults = faults;
    Ok(survey)
}

/// The wrong rows of a staged batch as the same sheet with what is wrong, before anything is imported. As many as
/// an import would keep; memory does not grow with them. Whoever calls it has asked whether they may.
pub async fn wrong_rows(
    conn: &mut Conn,
    district: &District,
    batch: &Batch,
    mapping: &Mapping,
    locale: &Locale,
) -> Result<FaultSheet> {
    let reader = reader(district, batch, mapping, district.clock.now())?;
    let access = district.port::<Access>()?;
    let mut sheet = FaultSheet::new(&batch.headings()?, locale)?;
    let mut room = FAULTS;
    look(conn, &access, &reader, batch, &mut |odd| {
        room -= 1;
        if room < 0 {
            return Ok(());
        }
        sheet.row(&Fault { line: as_line(odd.line), faults: odd.faults, cells: odd.cells }, locale)
    })
    .await?;
    Ok(sheet)
}

/// Reads a staged batch to its end, chunk by chunk, and tells of the odd rows in their order.
async fn look(
    conn: &mut Conn,
    access: &Access,
    reader: &Reader,
    batch: &Batch,
    tell: &mut (dyn FnMut(Odd) -> Result<()> + Send),
) -> Result<Survey> {
    let seal = Seal::new(access);
    let mut survey = Survey::default();
    let mut seen = HashSet::new();
    for seq in 0.. {
        let lines = lines(conn, access, batch.id, seq).await?;
        if lines.is_empty() {
            break;
        }
        if survey.sample.is_empty() {
            survey.sample = lines.iter().take(SAMPLE).map(|(_, cells)| reader.masked(cells)).collect();
        }
        let mut rows = Vec::with_capacity(lines.len());
        for (line, cells) in lines {
            match reader.read(line, &cells) {
                Ok(row) => rows.push(row),
                Err(faults) => {
                    survey.faulty += 1;
                    tell(Odd { line, faults, cells })?;
                }
            }
        }
        let known = land::known(conn, seal, &rows).await?;
        for (n, row) in rows.iter().enumerate() {
            let again = row.key(seal)?.is_some_and(|key| !seen.insert(key));
            match () {
                () if again => survey.repeated += 1,
                () if known.contains_key(&n) => survey.known += 1,
                () => survey.fresh += 1,
            }
        }
    }
    Ok(survey)
}
