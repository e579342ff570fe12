//! Who told us (诉求人): sealed, so that reading takes a key, a right and often a reason; and hashed with a key,
//! so that whoever knows a phone, a whole name or its pinyin initials finds the cases.

use linli_access::{Access, Purpose};
use linli_kernel::{Result, params, text::name_initials};
use linli_store::Op;

use super::contact_place;
use crate::model::CaseId;

/// Fewer letters would be half the town's.
const INITIALS: std::ops::RangeInclusive<usize> = 2..=6;
/// Cases of one turn of [`name_old`].
const BATCH: i64 = 500;

/// A reporter as the table keeps them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SealedReporter {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) phone_hash: Option<Vec<u8>>,
    pub(crate) name_hash: Option<Vec<u8>>,
    pub(crate) initials_hash: Option<Vec<u8>>,
}

impl SealedReporter {
    /// Seals name and phone for the row of case `id`.
    pub(crate) fn seal(access: &Access, id: CaseId, name: Option<&str>, phone: Option<&str>) -> Result<Self> {
        let seal = |field: &str, text: Option<&str>| {
            access.keyring.seal_text(Purpose::Reporter, &contact_place(id, field), text)
        };
        Ok(Self {
            name: seal("name", name)?,
            phone: seal("phone", phone)?,
            phone_hash: phone.map(|p| access.keyring.lookup(Purpose::Reporter, p)).transpose()?,
            name_hash: name.map(|n| name_hash(access, n)).transpose()?,
            initials_hash: name.map(|n| initials_hash(access, &name_initials(n))).transpose()?,
        })
    }
}

fn name_hash(access: &Access, name: &str) -> Result<Vec<u8>> {
    let joined: String = name.split_whitespace().collect();
    access.keyring.lookup(Purpose::Reporter, &format!("name/{joined}"))
}

fn initials_hash(access: &Access, letters: &str) -> Result<Vec<u8>> {
    access.keyring.lookup(Purpose::Reporter, &format!("initials/{letters}"))
}

/// What the table would hold of a reporter who is called as somebody typed: the name's hash, and the initials'
/// where it can be initials.
pub(crate) fn typed_name(access: &Access, typed: &str) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let letters = typed.to_ascii_lowercase();
    let plain = INITIALS.contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_lowercase());
    Ok((name_hash(access, typed)?, plain.then(|| initials_hash(access, &letters)).transpose()?))
}

/// Makes cases from before this could be done found by name too; answers whether there may be more. The caller
/// commits.
pub(crate) async fn name_old(op: &mut Op) -> Result<bool> {
    let sql = "SELECT id, reporter_name FROM case_file WHERE reporter_name IS NOT NULL AND name_hash IS NULL LIMIT $1";
    let rows: Vec<(CaseId, Vec<u8>)> = op.tx.all(sql, params![BATCH]).await?;
    let access = op.district.port::<Access>()?;
    for (id, sealed) in &rows {
        let name = access.keyring.open_text(Purpose::Reporter, &contact_place(*id, "name"), Some(sealed))?;
        let name = name.unwrap_or_default();
        let (whole, initials) = (name_hash(&access, &name)?, initials_hash(&access, &name_initials(&name))?);
        let sql = "UPDATE case_file SET name_hash = $2, initials_hash = $3 WHERE id = $1";
        op.tx.execute(sql, params![*id, whole, initials]).await?;
    }
    Ok(!rows.is_empty())
}
