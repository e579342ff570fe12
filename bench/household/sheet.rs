//! A sheet of residents as a police station or a company would hand over: each with a valid number, three to a home.

use std::{fs::File, io::BufWriter, path::Path};

use linli_demo::district::District;
use linli_household::model::IdNumber;

use crate::Outcome;

const HEADINGS: [&str; 11] =
    ["网格编码", "小区", "楼栋", "单元", "户号", "姓名", "性别", "身份证号", "电话", "与户主关系", "户籍"];
const FAMILIES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗",
];
const GIVEN: [&str; 30] = [
    "海", "燕", "建", "国", "秀", "英", "晓", "明", "丽", "华", "志", "强", "桂", "兰", "文", "杰", "淑",
    "珍", "永", "红", "玉", "梅", "立", "军", "春", "芳", "德", "福", "思", "远",
];
/// How the names of all estates begin.
pub(crate) const ESTATE: &str = "量测";
/// Of one house.
const DOORS: usize = 24;

/// Somebody of the sheet.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) phone: String,
}

/// Three to a home, four in every twentieth.
fn living(home: usize) -> usize {
    if home % 20 == 19 { 4 } else { 3 }
}

/// The `member`-th of a home; the same each time.
pub(crate) fn person(home: usize, member: usize) -> Outcome<Person> {
    let nth = home * 4 + member;
    let (day, serial) = (nth % 25_000, nth / 25_000 + 1);
    let born = chrono::NaiveDate::from_ymd_opt(1940, 1, 1).ok_or("a day")? + chrono::Days::new(day as u64);
    let id =
        IdNumber::with_check(&format!("000000{}{serial:03}", born.format("%Y%m%d"))).ok_or("a number")?;
    let mix = nth.wrapping_mul(0x9E37_79B1) >> 7;
    let name = format!("{}{}{}", FAMILIES[home % 20], GIVEN[mix % 30], GIVEN[mix / 30 % 30]);
    Ok(Person { name, id: id.as_str().to_owned(), phone: format!("100{nth:08}") })
}

/// Writes the sheet; answers how many people stand in it.
pub(crate) fn write(file: &Path, homes: usize) -> Outcome<usize> {
    let district = District::generate(1, 0.01)?;
    let grids: Vec<String> = district.grids().map(|grid| grid.code.to_string()).collect();
    let mut sheet = csv::Writer::from_writer(BufWriter::new(File::create(file)?));
    sheet.write_record(HEADINGS)?;
    let mut people = 0;
    // Grid by grid, as such sheets come.
    for (nth, grid) in grids.iter().enumerate() {
        // An estate of its own: an address is one within its community.
        let estate = format!("{ESTATE}{}{}花园", GIVEN[nth % 30], GIVEN[nth / 30 % 30]);
        for within in 0..homes.div_ceil(grids.len()) {
            let home = within * grids.len() + nth;
            if home >= homes {
                continue;
            }
            let (house, door) = (within / DOORS + 1, within % DOORS);
            let (unit, door) = (door / 12 + 1, (door % 12 / 2 + 1) * 100 + door % 2 + 1);
            for member in 0..living(home) {
                let Person { name, id, phone } = person(home, member)?;
                let female = id.as_bytes()[16] % 2 == 0;
                let relation = ["户主", "配偶", "子", "母亲"][member];
                let (house, unit, door) = (format!("{house}号楼"), format!("{unit}单元"), door.to_string());
                let sex = if female { "女" } else { "男" };
                sheet.write_record([
                    grid.as_str(),
                    &estate,
                    &house,
                    &unit,
                    &door,
                    &name,
                    sex,
                    &id,
                    &phone,
                    relation,
                    "户籍",
                ])?;
                people += 1;
            }
        }
    }
    sheet.flush()?;
    Ok(people)
}
