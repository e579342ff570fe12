//! One row of a sheet, read and checked.

use linli_grid::Atlas;
use linli_kernel::{AreaCode, Error, FieldError, Result, Timestamp, error::Check, text::normalise};

use super::{
    batch::Batch,
    columns::{Column, Mapping, Places},
    grids::Grids,
};
use crate::{
    model::{Facts, IdNumber, Person, Texts, Usage, parse_date},
    rules::{self, Address},
    store::Seal,
};

/// A sound row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number in the file.
    pub line: u64,
    /// Its cells, to be given back if it cannot be written after all.
    pub cells: Vec<String>,
    /// The grid.
    pub area: AreaCode,
    /// The address in its parts.
    pub address: Address,
    /// What makes the address one.
    pub address_key: String,
    /// How the home is used, if the sheet says.
    pub usage: Option<Usage>,
    /// What it says of the person.
    pub facts: Facts,
    /// The person that these facts make.
    pub person: Person,
    /// When it was confirmed, if the sheet says.
    pub confirmed: Option<Timestamp>,
}

impl Row {
    /// What tells the person from others within the file: the number, else phone and name.
    pub(super) fn key(&self, seal: Seal<'_>) -> Result<Option<Vec<u8>>> {
        match (&self.person.id_number, &self.person.phone) {
            (Some(number), _) => seal.id_hash(number).map(Some),
            (None, Some(phone)) => seal.contact_hash(phone, &self.person.name).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// Reads rows of one batch.
pub(super) struct Reader {
    places: Places,
    grids: Grids,
    within: AreaCode,
    now: Timestamp,
}

impl Reader {
    pub(super) fn new(atlas: &Atlas, batch: &Batch, mapping: &Mapping, now: Timestamp) -> Result<Self> {
        let places = mapping.places(&batch.headings()?)?;
        let grids = Grids::new(atlas, batch.area.clone());
        Ok(Self { places, grids, within: batch.area.clone(), now })
    }

    fn cell<'r>(&self, cells: &'r [String], column: Column) -> &'r str {
        self.places.cell(cells, column)
    }

    /// Reads a row, or says all that is wrong with it.
    pub(super) fn read(&self, line: u64, cells: &[String]) -> Result<Row, Vec<FieldError>> {
        let mut check = Check::new();
        let text = |column| self.cell(cells, column).to_owned();
        let texts = Texts {
            name: text(Column::Name),
            sex: text(Column::Sex),
            birth: text(Column::Birth),
            id_number: text(Column::IdNumber),
            phone: text(Column::Phone),
            relation: text(Column::Relation),
            residence: text(Column::Residence),
        };
        let facts = Facts::checked(&texts, self.now, &mut check);
        check.require(!texts.name.trim().is_empty(), "name", "error-required");
        let (area, unsure) = match self.grid(cells) {
            Ok(area) => (Some(area), None),
            Err(error) => (None, Some(error)),
        };
        let inside = area.as_ref().is_none_or(|a| self.within.contains(a));
        check.require(inside, "grid", "household-import-outside");
        let address = self.address(cells);
        check.require(!address.place.is_empty(), "address", "household-address-needed");
        let usage = parse_usage(self.cell(cells, Column::Usage));
        check.require(usage.is_ok(), "usage", "household-usage-bad");
        let confirmed = self.confirmed(cells, &mut check);
        let mut faults: Vec<FieldError> = unsure.into_iter().collect();
        if let Err(Error::Invalid(others)) = check.done() {
            faults.extend(others);
        }
        let (Some(area), true, Ok(person)) = (area, faults.is_empty(), facts.person()) else {
            return Err(faults);
        };
        let address_key = rules::address_key(&area, &address.text());
        let usage = usage.unwrap_or_default();
        Ok(Row { line, cells: cells.to_vec(), area, address, address_key, usage, facts, person, confirmed })
    }

    fn grid(&self, cells: &[String]) -> Result<AreaCode, FieldError> {
        self.grids.find(self.cell(cells, Column::Community), self.cell(cells, Column::Grid))
    }

    fn address(&self, cells: &[String]) -> Address {
        let whole = self.cell(cells, Column::Address);
        if !whole.is_empty() {
            return Address::parse(whole);
        }
        let part = |column| self.cell(cells, column);
        let (place, building) = (part(Column::Place), part(Column::Building));
        Address::of_parts(place, building, part(Column::Unit), part(Column::Door))
    }

    fn confirmed(&self, cells: &[String], check: &mut Check) -> Option<Timestamp> {
        let text = self.cell(cells, Column::Confirmed);
        if text.is_empty() {
            return None;
        }
        let day = parse_date(text).filter(|day| *day <= self.now.china_date());
        check.parse("confirmed", "household-confirmed-bad", day).map(Timestamp::china_midnight)
    }

    /// The cells as a preview may show them.
    pub(super) fn masked(&self, cells: &[String]) -> Vec<String> {
        let mask = |(at, cell): (usize, &String)| {
            if !self.places.is_secret(at) {
                return cell.clone();
            }
            match IdNumber::parse(cell) {
                Some(number) => number.masked(),
                None if cell.trim().is_empty() => String::new(),
                None => linli_kernel::person::mask_phone(cell),
            }
        };
        cells.iter().enumerate().map(mask).collect()
    }
}

fn parse_usage(text: &str) -> Result<Option<Usage>, ()> {
    Ok(Some(match normalise(text).as_str() {
        "" => return Ok(None),
        "自住" | "自有" | "own" => Usage::Own,
        "出租" | "租赁" | "租住" | "rent" => Usage::Rent,
        "空置" | "空房" | "闲置" | "empty" => Usage::Empty,
        "经营" | "商用" | "商铺" | "shop" => Usage::Shop,
        _ => return Err(()),
    }))
}
