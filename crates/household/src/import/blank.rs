//! A sheet to be filled in: the columns that an import understands, and what belongs into each of them.

use linli_grid::Atlas;
use linli_kernel::{AreaCode, Result, area::AreaLevel};
use linli_web::{Locale, sheet};

use super::columns::Column;

/// As a person fills it in: where, who, when.
const ORDER: &[Column] = &[
    Column::Community,
    Column::Grid,
    Column::Place,
    Column::Building,
    Column::Unit,
    Column::Door,
    Column::Address,
    Column::Usage,
    Column::Name,
    Column::Sex,
    Column::Birth,
    Column::IdNumber,
    Column::Phone,
    Column::Relation,
    Column::Residence,
    Column::Confirmed,
];

/// What could stand in a row; place and door stand for the whole address. The number is the example of its standard,
/// and no network gives out such a phone.
const fn example(column: Column) -> &'static str {
    match column {
        Column::Community | Column::Grid | Column::Address | Column::Birth => "",
        Column::Place => "锦绣花园",
        Column::Building => "3号楼",
        Column::Unit => "2单元",
        Column::Door => "501",
        Column::Usage => "自住",
        Column::Name => "王小红",
        Column::Sex => "女",
        Column::IdNumber => "11010519491231002X",
        Column::Phone => "10000000001",
        Column::Relation => "户主",
        Column::Residence => "户籍",
        Column::Confirmed => "2026-01-05",
    }
}

fn key(column: Column) -> String {
    column.as_str().replace('_', "-")
}

/// The blank sheet for whoever imports into `within`: the example names a grid of theirs.
pub fn blank(atlas: &Atlas, within: &AreaCode, locale: &Locale) -> Result<Vec<u8>> {
    let grid = atlas.within(within).find(|area| area.level() == AreaLevel::Grid);
    let community = grid.and_then(|grid| grid.code.parent()).and_then(|code| atlas.area(&code));
    let shown = |column: Column| match column {
        Column::Community => community.map_or("", |area| area.name.as_str()),
        Column::Grid => grid.map_or("", |area| area.name.as_str()),
        other => example(other),
    };
    let head = |column: Column| {
        let name = locale.t(&format!("household-column-{}", key(column)));
        if column.is_needed() { format!("{name} *") } else { name }
    };
    let heads: Vec<String> = ORDER.iter().map(|column| head(*column)).collect();
    let mut guide =
        vec![["column", "example", "how"].map(|k| locale.t(&format!("household-blank-{k}"))).to_vec()];
    guide.extend(ORDER.iter().map(|&column| {
        let how = locale.t(&format!("household-blank-{}", key(column)));
        vec![head(column), shown(column).to_owned(), how]
    }));
    sheet::blank(&heads, &locale.t("household-blank-guide"), &guide)
}
