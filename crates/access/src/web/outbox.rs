//! `/admin/outbox`: what the system still owes the world, what it gave up, and sending it again.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Cursor, Error, Page, Result, Timestamp, export::uuid::Uuid, params};
use linli_store::{Conn, Entry, Op, Where};
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebError, WebResult};
use serde::Deserialize;
use serde_json::json;

use super::me::done_words;
use crate::{Authorise, Target};

const SIZE: usize = 50;

#[derive(serde::Serialize, sqlx::FromRow)]
pub(super) struct Owed {
    id: Uuid,
    kind: String,
    created_at: Timestamp,
    run_at: Timestamp,
    attempts: i64,
    failed_at: Option<Timestamp>,
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    show: String,
    after: String,
    done: String,
}

#[derive(Template)]
#[template(path = "access/outbox.html")]
struct OutboxPage {
    chrome: Chrome,
    done: Option<String>,
    waiting: i64,
    failed: i64,
    all: bool,
    rows: Vec<Owed>,
    next: Option<String>,
}

/// What is owed: what waits, or what was given up.
pub(super) async fn page(conn: &mut Conn, waiting: bool, after: Option<Cursor>) -> Result<Page<Owed>> {
    let mut rows = Where::new();
    rows.and("done_at IS NULL", vec![]);
    if waiting {
        // Jobs that come again by themselves are owed to nobody.
        rows.and("failed_at IS NULL AND (once IS NULL OR once NOT LIKE 'every:%')", vec![]);
    } else {
        rows.and("failed_at IS NOT NULL", vec![]);
    }
    rows.before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(SIZE + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT id, kind, created_at, run_at, attempts, failed_at, error FROM outbox{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Owed> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, SIZE, |row| Cursor { key: row.created_at.millis(), id: row.id }))
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let all = asked.show == "waiting";
    let mut conn = ctx.read().await?;
    let found = page(&mut conn, all, asked.after.parse().ok()).await?;
    let (waiting, failed): (i64, i64) = conn
        .one(
            "SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL AND (once IS NULL OR once NOT LIKE 'every:%')),
                    (SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL AND done_at IS NULL)",
            vec![],
        )
        .await?;
    let page = OutboxPage {
        chrome: ctx.chrome("access-outbox"),
        done: done_words(&ctx, &asked.done),
        waiting,
        failed,
        all,
        rows: found.items,
        next: found.next,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// Tries again what was given up. The caller commits.
pub(super) async fn again(op: &mut Op, id: Uuid) -> Result<()> {
    let area = op.district.area.clone();
    op.permit("setting.edit", &Target::at(&area))?;
    let kind: String =
        op.tx.scalar("SELECT kind FROM outbox WHERE id = $1 AND done_at IS NULL", params![id]).await?;
    // A row that a worker holds now stays with it.
    let taken = op
        .tx
        .execute(
            "UPDATE outbox SET failed_at = NULL, attempts = 0, run_at = $2, error = NULL
             WHERE id = $1 AND done_at IS NULL AND lease_until <= $2",
            params![id, op.now],
        )
        .await?;
    if taken == 1 {
        let detail = json!({ "kind": kind });
        let subject_id = id.to_string();
        op.log(Entry { action: "outbox.resend", subject: "outbox", subject_id, area, detail }).await?;
    }
    Ok(())
}

async fn resend(ctx: Ctx, Path(id): Path<String>) -> WebResult {
    let id: Uuid = id.parse().map_err(|_| WebError(Error::NotFound))?;
    let mut op = ctx.op().await?;
    again(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to("/admin/outbox?done=resent").into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let may = Wanted::May("setting.edit");
    vec![Route::get("/admin/outbox", may, show), Route::post("/admin/outbox/{id}/resend", may, resend)]
}
