//! What administrators do with the base data. The caller commits and then calls [`crate::atlas::refresh`].

use linli_access::{Authorise as _, Target};
use linli_kernel::{AreaCode, Error, Result, actor::OrgId, area::AreaLevel};
use linli_store::{Entry, Op};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Atlas,
    atlas::TOPIC,
    batch::{self, BatchId},
    draft::{AreaText, CategoryText, DutyText, Neighbours, OrgText},
    import::{self, Effect, Ground, Kind, Plan, Upload, Write},
    store,
};

/// Writes the activity row and tells the other processes.
async fn note(
    op: &mut Op,
    action: &'static str,
    subject: &'static str,
    id: &str,
    area: AreaCode,
    detail: Value,
) -> Result<()> {
    op.announce(TOPIC, op.district.area.clone().as_str(), "");
    op.log(Entry { action, subject, subject_id: id.to_owned(), area, detail }).await
}

/// Which texts changed, before and after, for the log.
fn difference<T: Serialize>(old: Option<&T>, new: &T) -> Result<Value> {
    let text = |of: Option<&T>| of.map(serde_json::to_value).transpose().map_err(Error::internal);
    let (old, new) = (text(old)?.unwrap_or(Value::Null), text(Some(new))?.unwrap_or(Value::Null));
    let Some(fields) = new.as_object() else { return Ok(Value::Null) };
    let changed = fields.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    Ok(changed.map(|(key, value)| (key.clone(), json!([old.get(key), value]))).collect())
}

/// Changes an area, or the board of a grid.
pub async fn edit_area(op: &mut Op, code: &AreaCode, text: &AreaText) -> Result<()> {
    op.permit("area.edit", &Target::at(code))?;
    let atlas = store::load_tables(&mut op.tx).await?;
    let old = atlas.area(code).ok_or(Error::NotFound)?;
    let area = text.checked(code, Some(old))?;
    store::put_area(&mut op.tx, &area, op.now).await?;
    let detail = difference(Some(&AreaText::from(old)), &AreaText::from(&area))?;
    note(op, "area.edit", "area", code.as_str(), code.clone(), detail).await
}

/// Adds an area below one that is there, with its team.
pub async fn add_area(op: &mut Op, text: &AreaText) -> Result<AreaCode> {
    let code: AreaCode =
        text.code.trim().parse().map_err(|_| Error::field("code", "grid-error-area-code"))?;
    op.permit_told("area.edit", &code, "code")?;
    let atlas = store::load_tables(&mut op.tx).await?;
    let above = code.parent().filter(|p| atlas.area(p).is_some());
    above.ok_or_else(|| Error::field("code", "grid-error-no-parent"))?;
    if atlas.area(&code).is_some() {
        return Err(Error::field("code", "grid-error-code-taken"));
    }
    let area = text.checked(&code, None)?;
    let (district, ids, now) = (op.district.clone(), op.district.clone(), op.now);
    let mut fresh = || ids.ids.uuid(now);
    let team =
        import::team(&area, &mut Ground { atlas: &atlas, district: &district.area, fresh: &mut fresh });
    save(op, &[Write::Area(Box::new(area.clone()))]).await?;
    save(op, &team).await?;
    let detail = difference(None, &AreaText::from(&area))?;
    note(op, "area.edit", "area", code.as_str(), code.clone(), detail).await?;
    Ok(code)
}

struct Known<'a>(&'a Atlas);

impl Neighbours for Known<'_> {
    fn has_area(&self, code: &AreaCode) -> bool {
        self.0.area(code).is_some()
    }
    fn parent(&self, code: &str) -> Option<(OrgId, crate::OrgKind)> {
        self.0.org_by_code(code).map(|o| (o.id, o.kind))
    }
}

/// Changes an organisation; its code stays.
pub async fn edit_org(op: &mut Op, id: OrgId, text: &OrgText) -> Result<()> {
    let atlas = store::load_tables(&mut op.tx).await?;
    let old = atlas.org(id).ok_or(Error::NotFound)?;
    op.permit("org.edit", &Target::at(&old.area))?;
    let text = OrgText { code: old.code.clone(), ..text.clone() };
    let org = text.checked(id, &Known(&atlas))?;
    op.permit_told("org.edit", &org.area, "area")?;
    store::put_org(&mut op.tx, &org, op.now).await?;
    let detail = difference(Some(&OrgText::of(old, &atlas)), &OrgText::of(&org, &atlas))?;
    note(op, "org.edit", "org", &id.to_string(), org.area, detail).await
}

/// Adds an organisation.
pub async fn add_org(op: &mut Op, text: &OrgText) -> Result<OrgId> {
    let atlas = store::load_tables(&mut op.tx).await?;
    let id = OrgId(op.uuid());
    let org = text.checked(id, &Known(&atlas))?;
    op.permit_told("org.edit", &org.area, "area")?;
    if atlas.org_by_code(&org.code).is_some() {
        return Err(Error::field("code", "grid-error-code-taken"));
    }
    store::put_org(&mut op.tx, &org, op.now).await?;
    let detail = difference(None, &OrgText::of(&org, &atlas))?;
    note(op, "org.edit", "org", &id.to_string(), org.area, detail).await?;
    Ok(id)
}

/// Changes a category, or adds one.
pub async fn put_category(op: &mut Op, text: &CategoryText, new: bool) -> Result<()> {
    let district = op.district.area.clone();
    op.permit("category.edit", &Target::at(&district))?;
    let atlas = store::load_tables(&mut op.tx).await?;
    let old = atlas.category(text.code.trim());
    if new && old.is_some() {
        return Err(Error::field("code", "grid-error-code-taken"));
    }
    if !new && old.is_none() {
        return Err(Error::NotFound);
    }
    let category = text.checked(&atlas)?;
    store::put_category(&mut op.tx, &category, op.now).await?;
    let detail = difference(old.map(CategoryText::from).as_ref(), &CategoryText::from(&category))?;
    note(op, "category.edit", "category", &category.code, district, detail).await
}

/// Changes who answers for a category, or says it for the first time.
pub async fn put_duty(op: &mut Op, code: &str, text: &DutyText) -> Result<()> {
    let district = op.district.area.clone();
    op.permit("duty.edit", &Target::at(&district))?;
    let atlas = store::load_tables(&mut op.tx).await?;
    atlas.category(code).ok_or(Error::NotFound)?;
    let duty = text.checked(code, &atlas)?;
    store::put_duty(&mut op.tx, &duty, op.now).await?;
    let old = atlas.own_duty(code).map(|d| DutyText::of(d, &atlas));
    let detail = difference(old.as_ref(), &DutyText::of(&duty, &atlas))?;
    note(op, "duty.edit", "duty", code, district, detail).await
}

/// Takes a file to be looked at; refuses what is no table at all. What takes long, reading the present and planning,
/// is done before the one writer is asked for.
pub async fn upload(op: &mut Op, file: Upload) -> Result<BatchId> {
    let district = op.district.area.clone();
    op.permit("import.run", &Target::at(&district))?;
    let atlas = store::load_tables(&mut *op.tx.before().await?).await?;
    let id = BatchId(op.uuid());
    let by = op.actor.name().to_owned();
    let (file, plan) = planned(file, std::sync::Arc::new(atlas), op).await?;
    batch::keep(&mut op.tx, id, &file, &by, op.now).await?;
    let detail =
        json!({ "file": file.name, "kind": file.kind, "rows": plan.rows, "wrong": plan.wrong_rows() });
    op.log(Entry {
        action: "import.upload",
        subject: "import",
        subject_id: id.to_string(),
        area: district,
        detail,
    })
    .await?;
    Ok(id)
}

/// Plans on a thread of its own: polygons of a whole district take a while.
async fn planned(file: Upload, atlas: std::sync::Arc<Atlas>, op: &Op) -> Result<(Upload, Plan)> {
    let (district, now) = (op.district.clone(), op.now);
    let work = move || {
        let mut fresh = || district.ids.uuid(now);
        let ground = &mut Ground { atlas: &atlas, district: &district.area, fresh: &mut fresh };
        import::plan(&file, ground).map(|plan| (file, plan))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Rows that added something.
    pub added: usize,
    /// Rows that changed something.
    pub changed: usize,
}

/// Imports a file whole, or not at all: not when a row is wrong, and not when it would do something
/// else than what the person has seen (`seen` is [`Plan::seen`]). It is planned before the one writer is asked for, and
/// nothing is saved if the base data have changed since.
pub async fn run(op: &mut Op, id: BatchId, seen: &str) -> Result<Imported> {
    let district = op.district.area.clone();
    op.permit("import.run", &Target::at(&district))?;
    let (file, atlas, stamp) = {
        let mut conn = op.tx.before().await?;
        let stamp = store::stamp(&mut conn).await?;
        let file = batch::file(&mut conn, id).await?;
        let atlas = match file.kind {
            Kind::Shapes => store::load(&mut conn).await?,
            Kind::Areas | Kind::Orgs | Kind::Duties => store::load_tables(&mut conn).await?,
        };
        (file, atlas, stamp)
    };
    let (file, plan) = planned(file, std::sync::Arc::new(atlas), op).await?;
    if !plan.faults.is_empty() {
        return Err(Error::Conflict("grid-error-import-faults"));
    }
    if plan.seen() != seen {
        return Err(Error::Conflict("grid-error-import-changed"));
    }
    // Whoever comes first waits for the other here.
    store::hold(&mut op.tx).await?;
    if store::stamp(&mut op.tx).await? != stamp {
        return Err(Error::Conflict("grid-error-import-changed"));
    }
    save(op, &plan.writes).await?;
    let done = Imported { added: plan.count(Effect::New), changed: plan.count(Effect::Changed) };
    batch::done(&mut op.tx, id, done.added, done.changed, op.now).await?;
    let touched: Vec<_> =
        plan.lines.iter().filter(|l| l.effect != Effect::Same).map(|l| (&l.code, &l.changes)).collect();
    let detail = json!({
        "file": file.name, "kind": file.kind, "added": done.added, "changed": done.changed, "rows": touched,
    });
    note(op, "import.run", "import", &id.to_string(), district, detail).await?;
    Ok(done)
}

async fn save(op: &mut Op, writes: &[Write]) -> Result<()> {
    for write in writes {
        let (tx, now) = (&mut op.tx, op.now);
        match write {
            Write::Area(area) => store::put_area(tx, area, now).await?,
            Write::Shape(code, shape) => store::put_shape(tx, code, shape, now).await?,
            Write::Org(org) => store::put_org(tx, org, now).await?,
            Write::Category(category) => store::put_category(tx, category, now).await?,
            Write::Duty(duty) => store::put_duty(tx, duty, now).await?,
        }
    }
    Ok(())
}

/// Throws an uploaded file away.
pub async fn forget(op: &mut Op, id: BatchId) -> Result<()> {
    let district = op.district.area.clone();
    op.permit("import.run", &Target::at(&district))?;
    batch::forget(&mut op.tx, id).await
}

/// The next free code below `parent`.
pub fn next_code(atlas: &Atlas, parent: &AreaCode) -> Option<AreaCode> {
    let used = atlas.children(parent).last().map_or(0, |a| {
        let digits = a.code.as_str();
        digits[digits.len() - 3..].parse::<u16>().unwrap_or(998)
    });
    (parent.level() != AreaLevel::Grid && used < 999).then(|| parent.child(used + 1).ok()).flatten()
}
