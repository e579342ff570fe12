//! The columns of each table: what they are called in files, and which must be there.

use linli_kernel::FieldError;
use linli_web::sheet::Sheet;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{Change, Fault, Kind};

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The field it fills.
    pub key: &'static str,
    /// What files call it; the first is how we write it.
    pub names: &'static [&'static str],
    /// Whether a file without it is of no use.
    pub needed: bool,
}

const fn needed(key: &'static str, names: &'static [&'static str]) -> Column {
    Column { key, names, needed: true }
}

const fn column(key: &'static str, names: &'static [&'static str]) -> Column {
    Column { key, names, needed: false }
}

const AREAS: &[Column] = &[
    needed("code", &["编码", "区划编码", "网格编码", "区划代码", "代码", "code"]),
    column("name", &["名称", "网格名称", "区划名称", "name"]),
    column("official", &["全称", "official"]),
    column("kind", &["网格类型", "类型", "kind"]),
    column("residents", &["人口", "人数", "residents"]),
    column("households", &["户数", "households"]),
    column("worker", &["网格员", "网格员姓名", "专职网格员", "worker"]),
    column("worker_phone", &["网格员电话", "网格员手机", "联系电话", "worker_phone"]),
    column("deputy", &["代管人", "代管网格员", "deputy"]),
    column("deputy_phone", &["代管人电话", "deputy_phone"]),
    column("supervision_phone", &["监督电话", "supervision_phone"]),
];

const ORGS: &[Column] = &[
    needed("code", &["编码", "单位编码", "code"]),
    column("name", &["名称", "单位名称", "name"]),
    column("short", &["简称", "short"]),
    column("kind", &["类型", "单位类型", "kind"]),
    column("area", &["区划编码", "所在区划", "区划代码", "area"]),
    column("parent", &["上级编码", "上级单位编码", "parent"]),
    column("standing", &["常驻", "是否常驻", "standing"]),
    column("duty_code", &["清单代号", "duty_code"]),
    column("purpose", &["职责", "purpose"]),
    column("active", &["启用", "active"]),
];

const DUTIES: &[Column] = &[
    needed("code", &["编码", "类别编码", "code"]),
    column("level1", &["一级分类", "一级", "level1"]),
    column("level2", &["二级分类", "二级", "level2"]),
    column("level3", &["三级分类", "三级", "事项", "level3"]),
    column("lead", &["主责单位", "主责部门", "牵头单位", "lead"]),
    column("assist", &["协办单位", "配合单位", "协办部门", "assist"]),
    column("section", &["镇街科室", "section"]),
    column("basis", &["依据", "法律依据", "basis"]),
    column("standard", &["处置标准", "standard"]),
    column("days", &["办理时限", "时限", "工作日", "days"]),
    column("photo", &["需要照片", "photo"]),
];

/// The columns of a table; none for shapes.
pub const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Areas => AREAS,
        Kind::Orgs => ORGS,
        Kind::Duties => DUTIES,
        Kind::Shapes => &[],
    }
}

/// Where the columns of a file stand.
pub(super) struct Layout(Vec<(&'static str, usize)>);

impl Layout {
    /// Finds the columns; a needed one that is absent is a fault of the headers.
    pub(super) fn of(kind: Kind, sheet: &Sheet, faults: &mut Vec<Fault>) -> Self {
        let mut found = Vec::new();
        for column in columns(kind) {
            match sheet.column(column.names) {
                Some(at) => found.push((column.key, at)),
                None if column.needed => {
                    let error = FieldError::new(column.key, "grid-error-no-column");
                    let error = error.with("column", column.names[0]);
                    faults.push(Fault { row: 1, error, given: String::new() });
                }
                None => {}
            }
        }
        Self(found)
    }

    /// What stands in a column, if the file has it.
    pub(super) fn cell<'r>(&self, row: &'r [String], key: &str) -> Option<&'r str> {
        let at = self.0.iter().find(|(k, _)| *k == key)?.1;
        Some(row.get(at).map_or("", String::as_str))
    }

    /// The old texts with this row's cells over them: a column that the file lacks changes nothing.
    pub(super) fn over<T: Serialize + DeserializeOwned + Default>(
        &self,
        old: Option<&T>,
        row: &[String],
    ) -> T {
        let mut fields = old.map(texts).unwrap_or_default();
        for (key, at) in &self.0 {
            let text = row.get(*at).cloned().unwrap_or_default();
            fields.insert((*key).to_owned(), Value::String(text));
        }
        serde_json::from_value(Value::Object(fields)).unwrap_or_default()
    }

    /// The errors of a row with what stands in their columns.
    pub(super) fn faults(&self, number: u64, row: &[String], errors: Vec<FieldError>) -> Vec<Fault> {
        errors
            .into_iter()
            .map(|error| {
                let given = self.cell(row, &error.field).unwrap_or_default().to_owned();
                Fault { row: number, error, given }
            })
            .collect()
    }
}

fn texts<T: Serialize>(of: &T) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Which texts differ.
pub(super) fn changes<T: Serialize>(old: &T, new: &T) -> Vec<Change> {
    let old = texts(old);
    let word = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
    texts(new)
        .iter()
        .filter(|(key, value)| old.get(*key) != Some(*value))
        .map(|(key, value)| (key.clone(), word(old.get(key)), word(Some(value))))
        .collect()
}
