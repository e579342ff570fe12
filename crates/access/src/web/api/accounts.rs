//! Accounts, posts and sessions.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_kernel::{
    AreaCode, Error, Role, Timestamp,
    actor::{AccountId, OrgId},
};
use linli_web::{
    Access as Wanted, Ctx, WebResult,
    api::{Asked, Asks, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{begin, cursor};
use crate::{
    Access,
    accounts::{self, Edit, Filter, NewAccount, NewPost, PostId, Status},
    places::Places,
    sessions::{self, SessionId},
    web::accounts as pages,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    q: Option<String>,
    status: Option<Status>,
    role: Option<Role>,
    area: Option<AreaCode>,
    after: Option<String>,
    size: Option<usize>,
}

async fn list(ctx: Ctx, Asks(asked): Asks<Listed>) -> WebResult {
    let filter = Filter {
        search: asked.q.filter(|q| !q.trim().is_empty()),
        status: asked.status,
        role: asked.role,
        area: asked.area,
        after: cursor(asked.after.as_deref())?,
        size: asked.size.unwrap_or(50).clamp(1, 200),
    };
    let access = ctx.district.port::<Access>()?;
    let page = accounts::list(&mut ctx.read().await?, &access, &ctx.actor, &filter, ctx.now()).await?;
    Ok(Json(page).into_response())
}

async fn one(ctx: Ctx, At(id): At<AccountId>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let account = accounts::get(&mut ctx.read().await?, &access, &ctx.actor, id).await?;
    Ok(Json(account).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBody {
    login: String,
    name: String,
    area: AreaCode,
    phone: Option<String>,
}

async fn create(ctx: Ctx, Asked(told, mut once): Asked<NewBody>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    access.policy.require_somewhere(&ctx.actor, "account.create")?;
    let initial = access.passwords.initial(&ctx.district.ids).await?;
    let mut op = begin!(ctx, once);
    let NewBody { login, name, area, phone } = told;
    let id = accounts::create(&mut op, NewAccount { login, name, area, phone }, &initial).await?;
    let told = json!({ "id": id });
    Ok(once.done_in_secret(op, StatusCode::CREATED, &told, ("password", &initial.clear)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditBody {
    name: String,
    area: AreaCode,
    phone: Option<String>,
}

async fn edit(ctx: Ctx, At(id): At<AccountId>, Asked(told, mut once): Asked<EditBody>) -> WebResult {
    let mut op = begin!(ctx, once);
    let EditBody { name, area, phone } = told;
    accounts::edit(&mut op, id, Edit { name, area, phone }).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    status: Status,
}

async fn set_status(ctx: Ctx, At(id): At<AccountId>, Asked(told, mut once): Asked<StatusBody>) -> WebResult {
    let mut op = begin!(ctx, once);
    accounts::set_status(&mut op, id, told.status).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

async fn reset_password(ctx: Ctx, At(id): At<AccountId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    access.policy.require_somewhere(&ctx.actor, "account.reset_password")?;
    let initial = access.passwords.initial(&ctx.district.ids).await?;
    let mut op = begin!(ctx, once);
    accounts::reset_password(&mut op, id, &initial).await?;
    let told = json!({ "id": id });
    Ok(once.done_in_secret(op, StatusCode::OK, &told, ("password", &initial.clear)).await?)
}

async fn reset_factor(ctx: Ctx, At(id): At<AccountId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    accounts::reset_factor(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

async fn unlock(ctx: Ctx, At(id): At<AccountId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    accounts::unlock(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

/// Each look is written down, and so no answer is kept for a repeat.
async fn phone(ctx: Ctx, At(id): At<AccountId>, Asked(why, _): Asked<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    let phone = accounts::reveal_phone(&mut op, id, &why.reason).await?;
    op.commit().await?;
    Ok(Json(json!({ "phone": phone })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostBody {
    role: Role,
    area: AreaCode,
    org: OrgId,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

async fn grant(ctx: Ctx, At(id): At<AccountId>, Asked(told, mut once): Asked<PostBody>) -> WebResult {
    let PostBody { role, area, org, from, until } = told;
    let known = (Places::of(&ctx.district).orgs)(&ctx.district).iter().any(|choice| choice.id == org);
    if !known {
        return Err(Error::field("org", "error-org").into());
    }
    let mut op = begin!(ctx, once);
    let post = accounts::grant(&mut op, id, NewPost { role, area, org, from, until }).await?;
    Ok(once.done(op, StatusCode::CREATED, &json!({ "id": post })).await?)
}

async fn end_post(ctx: Ctx, At(id): At<PostId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    accounts::end(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

async fn devices(ctx: Ctx, At(id): At<AccountId>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let mut conn = ctx.read().await?;
    accounts::get(&mut conn, &access, &ctx.actor, id).await?;
    let found = sessions::devices(&mut conn, &access, &ctx.actor, id, ctx.now()).await?;
    Ok(Json(json!({ "items": found })).into_response())
}

async fn end_session(ctx: Ctx, At(id): At<SessionId>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    let mut op = begin!(ctx, once);
    sessions::revoke(&mut op, id).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id })).await?)
}

/// A session as a device.
pub(super) fn device_schema() -> Value {
    schema::object([
        ("id", schema::id()),
        ("device", schema::text()),
        ("source", schema::text()),
        ("created_at", schema::time()),
        ("seen_at", schema::time()),
        ("expires_at", schema::time()),
    ])
}

pub(super) fn account_schema() -> Value {
    let post = schema::object([
        ("id", schema::id()),
        ("role", schema::words(Role::ALL)),
        ("area", schema::area()),
        ("org", schema::id()),
        ("from_at", schema::time()),
        ("until_at", schema::maybe(schema::time())),
        ("granted_by", schema::text()),
    ]);
    schema::object([
        ("id", schema::id()),
        ("login", schema::text()),
        ("name", schema::text()),
        ("area", schema::area()),
        ("phone", schema::maybe(schema::text())),
        ("status", schema::words(Status::ALL)),
        ("must_change", schema::flag()),
        ("factor_at", schema::maybe(schema::time())),
        ("created_at", schema::time()),
        ("last_login_at", schema::maybe(schema::time())),
        ("posts", schema::list(post)),
    ])
}

fn done() -> Value {
    schema::object([("id", schema::id())])
}

pub(super) fn operations() -> Vec<Operation> {
    let mut all = of_people();
    all.extend(of_rights());
    all
}

/// What the system administrator does.
fn of_people() -> Vec<Operation> {
    let may = Wanted::May;
    let secret = || {
        schema::object([
            ("id", schema::id()),
            (
                "password",
                json!({ "type": ["string", "null"], "description": "told once; a repeat under the same key hears null" }),
            ),
        ])
    };
    let person =
        [("name", schema::short(40)), ("area", schema::area()), ("phone?", schema::maybe(schema::short(30)))];
    let [name, area, number] = person.clone();
    vec![
        Operation::get("/api/v1/accounts", may("account.list"), "Accounts", list)
            .query("q", "part of the name or log-in name, initials, or a whole phone number", schema::text())
            .query("status", "only these", schema::words(Status::ALL))
            .query("role", "holders of this role now", schema::words(Role::ALL))
            .query("area", "of this area", schema::area())
            .paged(Some(200))
            .answers(200, "A page", schema::page(schema::named("Account"))),
        Operation::get(
            "/api/v1/accounts/export.xlsx",
            may("account.list"),
            "Accounts as a file",
            pages::export,
        )
        .file("Excel", &[linli_web::attach::XLSX]),
        Operation::post(
            "/api/v1/accounts",
            may("account.create"),
            "Make an account; it can do nothing until a post is granted",
            create,
        )
        .takes(schema::object([("login", schema::short(32)), name, area, number]))
        .answers(201, "Its id and first password", secret()),
        Operation::get("/api/v1/accounts/{id}", may("account.read"), "An account with its posts", one)
            .part("id", "its id", schema::id())
            .answers(200, "The account", schema::named("Account")),
        Operation::put("/api/v1/accounts/{id}", may("account.edit"), "Correct name, area or phone", edit)
            .part("id", "its id", schema::id())
            .takes(schema::object(person))
            .answers(200, "Its id", done()),
        Operation::put(
            "/api/v1/accounts/{id}/status",
            may("account.disable"),
            "Let it log in, or not any more",
            set_status,
        )
        .part("id", "its id", schema::id())
        .takes(schema::object([("status", schema::words(Status::ALL))]))
        .answers(200, "Its id", done()),
        Operation::post(
            "/api/v1/accounts/{id}/password",
            may("account.reset_password"),
            "Give a new first password",
            reset_password,
        )
        .part("id", "its id", schema::id())
        .answers(200, "The password", secret()),
    ]
}

/// What the security officer does, and looks at phones.
fn of_rights() -> Vec<Operation> {
    let may = Wanted::May;
    vec![
        Operation::delete(
            "/api/v1/accounts/{id}/factor",
            may("account.reset_factor"),
            "Forget a lost second factor",
            reset_factor,
        )
        .part("id", "its id", schema::id())
        .answers(200, "Its id", done()),
        Operation::post(
            "/api/v1/accounts/{id}/unlock",
            may("account.unlock"),
            "End the wait after failed log-ins",
            unlock,
        )
        .part("id", "its id", schema::id())
        .answers(200, "Its id", done()),
        Operation::post(
            "/api/v1/accounts/{id}/phone",
            may("account.read_contact"),
            "The phone in clear, for a reason that is written down",
            phone,
        )
        .without_key()
        .part("id", "its id", schema::id())
        .takes(schema::object([("reason", schema::short(200))]))
        .answers(200, "The phone", schema::object([("phone", schema::maybe(schema::text()))])),
        Operation::post("/api/v1/accounts/{id}/posts", may("role.grant"), "Grant a post", grant)
            .part("id", "its id", schema::id())
            .takes(schema::object([
                ("role", schema::words(Role::ALL)),
                ("area", schema::area()),
                ("org", schema::id()),
                ("from?", schema::maybe(schema::time())),
                ("until?", schema::maybe(schema::time())),
            ]))
            .answers(201, "The post's id", done()),
        Operation::delete("/api/v1/posts/{id}", may("role.grant"), "End a post now", end_post)
            .part("id", "its id", schema::id())
            .answers(200, "Its id", done()),
        Operation::get(
            "/api/v1/accounts/{id}/devices",
            may("session.revoke"),
            "Where an account is logged in",
            devices,
        )
        .part("id", "its id", schema::id())
        .answers(200, "The devices", schema::object([("items", schema::list(device_schema()))])),
        Operation::delete(
            "/api/v1/sessions/{id}",
            may("session.revoke"),
            "End somebody's session",
            end_session,
        )
        .part("id", "its id", schema::id())
        .answers(200, "Its id", done()),
    ]
}
