//! Reply templates (答复模板): per category and state, edited on screen.

use linli_access::{Authorise, Target};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result, Timestamp, error::Check, params};
use linli_store::{Conn, Entry, Op};
use serde::Serialize;
use serde_json::json;

use crate::model::CaseState;

linli_kernel::typed_id! {
    /// One template.
    TemplateId
}

/// A text to begin a reply with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// For this category and those below it; nothing means all.
    pub category: Option<String>,
    /// For this state; nothing means all.
    pub state: Option<CaseState>,
    /// What the list calls it.
    pub title: String,
    /// The text.
    pub body: String,
    /// Last changed.
    pub updated_at: Timestamp,
}

/// A template as its form sends it.
#[derive(Debug, Clone, Default)]
pub struct TemplateInput {
    /// Which; nothing makes a new one.
    pub id: Option<TemplateId>,
    /// For this category and those below it.
    pub category: Option<String>,
    /// For this state.
    pub state: Option<CaseState>,
    /// What the list calls it.
    pub title: String,
    /// The text.
    pub body: String,
}

const COLUMNS: &str = "id, category, state, title, body, updated_at";

/// All templates, for the page that edits them.
pub async fn list(conn: &mut Conn) -> Result<Vec<Template>> {
    conn.all(
        &format!("SELECT {COLUMNS} FROM reply_template ORDER BY category, state, title, id LIMIT 1000"),
        vec![],
    )
    .await
}

/// The templates that fit a case, the most special first.
pub async fn fitting(conn: &mut Conn, category: Option<&str>, state: CaseState) -> Result<Vec<Template>> {
    conn.all(
        &format!(
            "SELECT {COLUMNS} FROM reply_template
             WHERE (state IS NULL OR state = $1)
               AND (category IS NULL OR category = substr($2, 1, length(category)))
             ORDER BY length(coalesce(category, '')) DESC, title, id LIMIT 50"
        ),
        params![state, category.unwrap_or_default()],
    )
    .await
}

/// Makes or changes a template. The caller commits.
pub async fn save(op: &mut Op, input: TemplateInput) -> Result<TemplateId> {
    op.permit("template.edit", &Target::at(&op.district.area))?;
    let mut check = Check::new();
    let title = check.text("title", &input.title, 60);
    let body = check.text("body", &input.body, 2000);
    let category = check.optional("category", input.category.as_deref(), 64);
    if let Some(code) = &category {
        let known = op.district.port::<AtlasPort>()?.get().category(code).is_some();
        check.require(known, "category", "case-category-unknown");
    }
    check.done()?;
    let id = input.id.unwrap_or_else(|| TemplateId(op.district.ids.uuid(op.now)));
    let known = if input.id.is_some() {
        op.tx
            .execute(
                "UPDATE reply_template SET category = $2, state = $3, title = $4, body = $5, updated_at = $6 WHERE id = $1",
                params![id, &category, input.state, &title, &body, op.now],
            )
            .await?
    } else {
        op.tx
            .execute(
                "INSERT INTO reply_template (id, category, state, title, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6)",
                params![id, &category, input.state, &title, &body, op.now],
            )
            .await?
    };
    if known == 0 {
        return Err(Error::NotFound);
    }
    let detail = json!({ "category": category, "state": input.state, "title": title, "body": body });
    log(op, id, detail).await?;
    Ok(id)
}

/// Removes a template. The caller commits.
pub async fn delete(op: &mut Op, id: TemplateId) -> Result<()> {
    op.permit("template.edit", &Target::at(&op.district.area))?;
    if op.tx.execute("DELETE FROM reply_template WHERE id = $1", params![id]).await? == 0 {
        return Err(Error::NotFound);
    }
    log(op, id, json!({ "deleted": true })).await
}

async fn log(op: &mut Op, id: TemplateId, detail: serde_json::Value) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry {
        action: "template.edit",
        subject: "reply_template",
        subject_id: id.to_string(),
        area,
        detail,
    })
    .await
}
