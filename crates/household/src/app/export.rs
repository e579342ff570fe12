//! Residents of an area as a sheet (导出), within the scope and for a reason.

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{AreaCode, Error, FieldError, Result};
use linli_store::{Entry, Op, Where};
use linli_web::{Locale, sheet};
use serde_json::json;

use crate::store::{
    Seal,
    people::{RESIDENT, Resident},
};

/// The most people of one sheet: a community, or a small street. More is a matter between systems.
const MOST: i64 = 50_000;
/// The shortest reason that says something.
const REASON: usize = 4;

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    resident: Resident,
    address: String,
}

/// Everybody who lives in `area`, numbers in clear. The caller commits before it answers.
pub async fn export(op: &mut Op, area: &AreaCode, reason: &str, locale: &Locale) -> Result<Vec<u8>> {
    op.permit("household.export", &Target::at(area))?;
    let reason = reason.trim();
    if reason.chars().count() < REASON {
        return Err(Error::Invalid(vec![
            FieldError::new("reason", "error-reason-short").with("min", REASON),
        ]));
    }
    let mut rows = Where::new();
    rows.within("r.area", std::slice::from_ref(area)).and("r.dwelling_id IS NOT NULL", vec![]);
    let limit = rows.bind(MOST + 1);
    let sql = format!(
        "SELECT {RESIDENT}, d.address FROM resident r JOIN dwelling d ON d.id = r.dwelling_id{} ORDER BY r.area, r.n LIMIT {limit}",
        rows.text()
    );
    let people: Vec<Row> = op.tx.all(&sql, rows.args()).await?;
    let count = i64::try_from(people.len()).unwrap_or(i64::MAX);
    if count > MOST {
        return Err(Error::TooLarge("household-export-too-large"));
    }
    op.log(Entry {
        action: "household.export",
        subject: "area",
        subject_id: area.to_string(),
        area: area.clone(),
        detail: json!({ "reason": reason, "residents": count }),
    })
    .await?;
    let access = op.district.port::<Access>()?;
    let seal = Seal::new(&access);
    let word = |list: &str, code: &str| locale.t(&format!("household-{list}-{}", code.replace('_', "-")));
    let heads: Vec<String> =
        ["grid", "address", "name", "sex", "birth", "id-number", "phone", "relation", "residence"]
            .into_iter()
            .map(|column| locale.t(&format!("household-column-{column}")))
            .chain([locale.t("household-confirmed")])
            .collect();
    let mut sheet_rows = Vec::with_capacity(people.len());
    for Row { resident: r, address } in people {
        let person = r.person(seal)?;
        sheet_rows.push(vec![
            r.area.to_string(),
            address,
            person.name,
            word("sex", r.sex.as_str()),
            r.birth.unwrap_or_default(),
            person.id_number.map(|n| n.as_str().to_owned()).unwrap_or_default(),
            person.phone.unwrap_or_default(),
            word("relation", r.relation.as_str()),
            word("residence", r.residence.as_str()),
            r.confirmed_at.map(|at| at.china_date().to_string()).unwrap_or_default(),
        ]);
    }
    sheet::write(&heads, &sheet_rows)
}
