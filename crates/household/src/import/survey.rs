//! Looking a staged batch through: what an import would do, and which rows somebody should mend before.

use std::collections::HashMap;

use linli_access::{Access, Target};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Actor, FieldError, Result};
use linli_store::{Conn, District};
use linli_web::Locale;

use super::{
    FAULTS, as_line,
    batch::{self, Batch, Fault},
    columns::Mapping,
    file::FaultSheet,
    land, lines, reader,
    row::{Reader, Row},
};
use crate::{
    model::{BatchId, Mark},
    rules,
    store::Seal,
};

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
    /// Repeated rows that name another address than the row before.
    pub elsewhere: i64,
    /// The first of these, with the row that counts.
    pub doubts: Vec<Fault>,
}

impl Survey {
    /// Whether an import would be given up: so much is wrong that the columns must be mistaken.
    pub const fn is_hopeless(&self) -> bool {
        self.faulty > FAULTS
    }
}

/// A row that is not as it should be.
struct Odd {
    /// Wrong: nothing of it is imported. Else it is only to be looked at.
    wrong: bool,
    line: u64,
    faults: Vec<FieldError>,
    cells: Vec<String>,
}

/// Looks a staged batch through. Beside the writers: a long file takes a while, and nobody waits for it.
pub async fn survey(district: &District, actor: &Actor, id: BatchId, mapping: &Mapping) -> Result<Survey> {
    let mut conn = district.db.read().await?;
    let batch = batch::get(&mut conn, id).await?;
    let access = district.port::<Access>()?;
    access.policy.permits(actor, "household.import", &Target::at(&batch.area))?;
    let reader = reader(district, &batch, mapping, district.clock.now())?;
    let atlas = district.port::<AtlasPort>()?.get();
    let (mut faults, mut doubts) = (Vec::new(), Vec::new());
    let mut survey = look(&mut conn, &access, &atlas, &reader, &batch, &mut |odd| {
        let into = if odd.wrong { &mut faults } else { &mut doubts };
        if into.len() < SHOWN {
            let cells = reader.masked(&odd.cells);
            into.push(Fault { line: as_line(odd.line), faults: odd.faults, cells });
        }
        Ok(())
    })
    .await?;
    (survey.faults, survey.doubts) = (faults, doubts);
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
    let atlas = district.port::<AtlasPort>()?.get();
    let mut sheet = FaultSheet::new(&batch.headings()?, locale)?;
    let mut room = FAULTS;
    look(conn, &access, &atlas, &reader, batch, &mut |odd| {
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
    atlas: &Atlas,
    reader: &Reader,
    batch: &Batch,
    tell: &mut (dyn FnMut(Odd) -> Result<()> + Send),
) -> Result<Survey> {
    let seal = Seal::new(access);
    // Whoever brought the sheet is who will have imported it.
    let reach = access.policy.scope(&batch.author()?, "household.import");
    let mut survey = Survey::default();
    let mut seen: HashMap<Vec<u8>, Before> = HashMap::new();
    for seq in 0.. {
        let lines = lines(conn, access, batch.id, seq).await?;
        if lines.is_empty() {
            break;
        }
        if survey.sample.is_empty() {
            survey.sample = lines.iter().take(SAMPLE).map(|(_, cells)| reader.masked(cells)).collect();
        }
        let (mut rows, mut odd) = (Vec::with_capacity(lines.len()), Vec::new());
        for (line, cells) in lines {
            match reader.read(line, &cells) {
                Ok(row) => rows.push(row),
                Err(faults) => {
                    survey.faulty += 1;
                    odd.push(Odd { wrong: true, line, faults, cells });
                }
            }
        }
        let known = land::known(conn, seal, &rows).await?;
        for (n, row) in rows.into_iter().enumerate() {
            let (key, word) = (row.key(seal)?, Before::of(&row, batch));
            if let Some(fault) = known.get(&n).and_then(|who| who.fault(&reach)) {
                survey.faulty += 1;
                odd.push(Odd { wrong: true, line: row.line, faults: vec![fault], cells: row.cells });
                continue;
            }
            let Some(before) = key.as_ref().and_then(|key| seen.get_mut(key)) else {
                survey.known += i64::from(known.contains_key(&n));
                survey.fresh += i64::from(!known.contains_key(&n));
                seen.extend(key.map(|key| (key, word)));
                continue;
            };
            survey.repeated += 1;
            if let Some(faults) = before.meet(word, row.person.id_number.is_some(), atlas) {
                survey.elsewhere += 1;
                odd.push(Odd { wrong: false, line: row.line, faults, cells: row.cells });
            }
        }
        odd.sort_by_key(|odd| odd.line);
        odd.into_iter().try_for_each(&mut *tell)?;
    }
    Ok(survey)
}

/// What a sheet has said of somebody up to here: which row, where they live, since when that counts.
struct Before {
    line: u64,
    by: Mark,
    address_key: Box<str>,
}

impl Before {
    fn of(row: &Row, batch: &Batch) -> Self {
        let by = land::mark(row, batch.created_at);
        Self { line: row.line, by, address_key: row.address_key.as_str().into() }
    }

    /// Meets a later row about the same person. At another address it is told which of both counts, by the rule under
    /// which the import itself decides: the one that was confirmed later, and of equal ones the one further down.
    fn meet(&mut self, other: Self, numbered: bool, atlas: &Atlas) -> Option<Vec<FieldError>> {
        if other.address_key == self.address_key {
            return None;
        }
        let (community, address) = self.address_key.split_once(' ').unwrap_or(("", &*self.address_key));
        let community = community.parse().map(|code| atlas.name(&code).to_owned()).unwrap_or_default();
        let what = if numbered { "household-import-twice-number" } else { "household-import-twice-phone" };
        let said = |key: &str| FieldError::new("address", key).with("row", self.line);
        let first = said(what).with("address", format!("{community}{address}"));
        let choice = match () {
            () if !rules::weigh(&self.by, &other.by).stands() => said("household-import-twice-before"),
            () if other.by.at > self.by.at => said("household-import-twice-later"),
            () => said("household-import-twice-below"),
        };
        if rules::weigh(&self.by, &other.by).stands() {
            *self = other;
        }
        Some(vec![first, choice])
    }
}
