//! `/admin/accounts/{id}`: one account, and what the two officers may do with it.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    response::{IntoResponse, Redirect},
};
use chrono::NaiveDate;
use linli_kernel::{AreaCode, Error, FieldError, Result, Role, Timestamp, actor::AccountId};
use linli_store::Op;
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebError, WebResult};
use serde::Deserialize;

use super::{
    accounts::{OncePage, areas, role_words, roles},
    login::Trouble,
    me::{Done, done_words},
};
use crate::{
    Access, Target,
    accounts::{self, Account, Edit, NewPost, PostId, Service, Status},
    places::{OrgChoice, Places},
    sessions::{self, Device, SessionId},
};

/// What the officer who looks may do here.
#[expect(clippy::struct_excessive_bools, reason = "one independent right each")]
struct May {
    edit: bool,
    disable: bool,
    reset_password: bool,
    reset_factor: bool,
    unlock: bool,
    grant: bool,
    revoke: bool,
    contact: bool,
}

struct PostLine {
    id: String,
    role: String,
    org: String,
    place: String,
    from: String,
    until: String,
    by: String,
    held: bool,
}

#[derive(Template)]
#[template(path = "access/account.html")]
struct AccountPage {
    chrome: Chrome,
    trouble: Trouble,
    done: Option<String>,
    phone: Option<String>,
    account: Account,
    place: String,
    active: bool,
    own: bool,
    may: May,
    posts: Vec<PostLine>,
    devices: Vec<Device>,
    roles: Vec<(String, String)>,
    orgs: Vec<OrgChoice>,
    areas: Vec<(String, String)>,
    name: String,
    area: String,
}

fn post_line(ctx: &Ctx, access: &Access, service: &Service) -> PostLine {
    let places = Places::of(&ctx.district);
    let day = |at: Timestamp| at.china_date().to_string();
    PostLine {
        id: service.id.to_string(),
        role: role_words(ctx, access, service.post.role),
        org: (places.org)(&ctx.district, service.post.org),
        place: (places.area)(&ctx.district, &service.post.area),
        from: day(service.from_at),
        until: service.until_at.map(day).unwrap_or_default(),
        by: service.granted_by.clone(),
        held: service.until_at.is_none_or(|end| end > ctx.now()),
    }
}

/// What is shown beside the account itself.
#[derive(Default)]
struct Said {
    trouble: Trouble,
    done: Option<String>,
    phone: Option<String>,
    typed: Option<EditForm>,
}

async fn render(ctx: &Ctx, id: AccountId, said: Said) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let mut conn = ctx.read().await?;
    let account = accounts::get(&mut conn, &access, &ctx.actor, id).await?;
    let devices = sessions::devices(&mut conn, &access, &ctx.actor, id, ctx.now()).await?;
    let target = Target::at(&account.area);
    let own = ctx.actor.account() == Some(id);
    let may = |action| !own && access.policy.permits(&ctx.actor, action, &target).is_ok();
    let may = May {
        edit: access.policy.permits(&ctx.actor, "account.edit", &target).is_ok(),
        disable: may("account.disable"),
        reset_password: may("account.reset_password"),
        reset_factor: may("account.reset_factor"),
        unlock: may("account.unlock"),
        grant: may("role.grant"),
        revoke: may("session.revoke"),
        contact: may("account.read_contact"),
    };
    let places = Places::of(&ctx.district);
    let (name, area) = match said.typed {
        Some(typed) => (typed.name, typed.area),
        None => (account.name.clone(), account.area.to_string()),
    };
    let page = AccountPage {
        chrome: ctx.chrome("access-account"),
        trouble: said.trouble,
        done: said.done,
        phone: said.phone,
        place: (places.area)(&ctx.district, &account.area),
        active: account.status == Status::Active,
        own,
        posts: account.posts.iter().rev().map(|s| post_line(ctx, &access, s)).collect(),
        devices,
        roles: if may.grant { roles(ctx, &access) } else { Vec::new() },
        orgs: if may.grant { (places.orgs)(&ctx.district) } else { Vec::new() },
        areas: areas(ctx),
        may,
        name,
        area,
        account,
    };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

fn account_id(text: &str) -> Result<AccountId> {
    text.parse().map_err(|_| Error::NotFound)
}

async fn show(ctx: Ctx, Path(id): Path<String>, Query(Done { done }): Query<Done>) -> WebResult {
    let done = done_words(&ctx, &done);
    render(&ctx, account_id(&id)?, Said { done, ..Said::default() }).await
}

/// Shows the page again with what was wrong; roles in it by their names.
async fn again(ctx: &Ctx, id: AccountId, error: Error, typed: Option<EditForm>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let named = |mut field: FieldError| {
        for (_, value) in &mut field.args {
            if let Ok(role) = value.parse::<Role>() {
                *value = role_words(ctx, &access, role);
            }
        }
        field
    };
    let error = match error {
        Error::Invalid(fields) => Error::Invalid(fields.into_iter().map(named).collect()),
        Error::Conflict(key) => Error::field("main", key),
        other => return Err(WebError(other)),
    };
    let trouble = Trouble::of(error, &ctx.locale)?;
    render(ctx, id, Said { trouble, typed, ..Said::default() }).await
}

async fn finished(ctx: &Ctx, id: AccountId, op: Op, did: Result<()>, done: &str) -> WebResult {
    match did {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/admin/accounts/{id}?done={done}")).into_response())
        }
        Err(error) => {
            drop(op);
            again(ctx, id, error, None).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EditForm {
    name: String,
    area: String,
    phone: String,
}

async fn try_edit(ctx: &Ctx, id: AccountId, form: &EditForm) -> Result<()> {
    let area: AreaCode = form.area.trim().parse().map_err(|_| Error::field("area", "error-area"))?;
    let phone = Some(form.phone.clone()).filter(|p| !p.trim().is_empty());
    let mut op = ctx.op().await?;
    accounts::edit(&mut op, id, Edit { name: form.name.clone(), area, phone }).await?;
    op.commit().await
}

async fn edit(ctx: Ctx, Path(id): Path<String>, Form(form): Form<EditForm>) -> WebResult {
    let id = account_id(&id)?;
    match try_edit(&ctx, id, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/admin/accounts/{id}?done=saved")).into_response()),
        Err(error) => again(&ctx, id, error, Some(form)).await,
    }
}

#[derive(Deserialize)]
struct StatusForm {
    status: Status,
}

async fn status(ctx: Ctx, Path(id): Path<String>, Form(form): Form<StatusForm>) -> WebResult {
    let id = account_id(&id)?;
    let mut op = ctx.op().await?;
    let did = accounts::set_status(&mut op, id, form.status).await;
    let done = if form.status == Status::Active { "enabled" } else { "disabled" };
    finished(&ctx, id, op, did, done).await
}

async fn reset_password(ctx: Ctx, Path(id): Path<String>) -> WebResult {
    let id = account_id(&id)?;
    let access = ctx.district.port::<Access>()?;
    let account = accounts::get(&mut ctx.read().await?, &access, &ctx.actor, id).await?;
    let initial = access.passwords.initial(&ctx.district.ids).await?;
    let mut op = ctx.op().await?;
    accounts::reset_password(&mut op, id, &initial).await?;
    op.commit().await?;
    let page = OncePage {
        chrome: ctx.chrome("access-once"),
        name: account.name,
        login: account.login,
        password: initial.clear,
        id: id.to_string(),
        no_post: false,
    };
    Ok(ctx.page(&page)?.into_response())
}

async fn reset_factor(ctx: Ctx, Path(id): Path<String>) -> WebResult {
    let id = account_id(&id)?;
    let mut op = ctx.op().await?;
    let did = accounts::reset_factor(&mut op, id).await;
    finished(&ctx, id, op, did, "factor").await
}

async fn unlock(ctx: Ctx, Path(id): Path<String>) -> WebResult {
    let id = account_id(&id)?;
    let mut op = ctx.op().await?;
    let did = accounts::unlock(&mut op, id).await;
    finished(&ctx, id, op, did, "unlocked").await
}

#[derive(Deserialize)]
struct ReasonForm {
    #[serde(default)]
    reason: String,
}

async fn phone(ctx: Ctx, Path(id): Path<String>, Form(form): Form<ReasonForm>) -> WebResult {
    let id = account_id(&id)?;
    let mut op = ctx.op().await?;
    match accounts::reveal_phone(&mut op, id, &form.reason).await {
        Ok(phone) => {
            op.commit().await?;
            let phone = Some(phone.unwrap_or_else(|| ctx.locale.t("access-no-phone")));
            render(&ctx, id, Said { phone, ..Said::default() }).await
        }
        Err(error) => {
            drop(op);
            again(&ctx, id, error, None).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PostForm {
    role: String,
    org: String,
    area: String,
    until: String,
}

fn new_post(ctx: &Ctx, form: &PostForm) -> Result<NewPost> {
    let role = form.role.parse().map_err(|_| Error::field("role", "error-required"))?;
    let wanted = form.org.split_whitespace().next().unwrap_or_default();
    let orgs = (Places::of(&ctx.district).orgs)(&ctx.district);
    let org = orgs.into_iter().find(|org| org.code == wanted);
    let org = org.ok_or_else(|| Error::field("org", "error-org"))?;
    let area = match form.area.trim() {
        "" => org.area,
        code => code.parse().map_err(|_| Error::field("post-area", "error-area"))?,
    };
    let until = match form.until.trim() {
        "" => None,
        day => {
            let day: NaiveDate = day.parse().map_err(|_| Error::field("until", "error-until-before-from"))?;
            day.succ_opt().map(Timestamp::china_midnight)
        }
    };
    Ok(NewPost { role, area, org: org.id, from: None, until })
}

/// The page has two areas: the account's own, and that of a new post.
fn of_post(error: Error) -> Error {
    match error {
        Error::Invalid(mut fields) => {
            for fault in fields.iter_mut().filter(|fault| fault.field == "area") {
                "post-area".clone_into(&mut fault.field);
            }
            Error::Invalid(fields)
        }
        other => other,
    }
}

async fn grant(ctx: Ctx, Path(id): Path<String>, Form(form): Form<PostForm>) -> WebResult {
    let id = account_id(&id)?;
    let mut op = ctx.op().await?;
    let did = match new_post(&ctx, &form) {
        Ok(new) => accounts::grant(&mut op, id, new).await.map(|_| ()).map_err(of_post),
        Err(error) => Err(error),
    };
    finished(&ctx, id, op, did, "granted").await
}

#[derive(Deserialize)]
struct OfAccount {
    account: String,
}

async fn end(ctx: Ctx, Path(id): Path<String>, Form(form): Form<OfAccount>) -> WebResult {
    let post: PostId = id.parse().map_err(|_| WebError(Error::NotFound))?;
    let mut op = ctx.op().await?;
    let did = accounts::end(&mut op, post).await;
    finished(&ctx, account_id(&form.account)?, op, did, "ended").await
}

async fn end_session(ctx: Ctx, Path(id): Path<String>, Form(form): Form<OfAccount>) -> WebResult {
    let session: SessionId = id.parse().map_err(|_| WebError(Error::NotFound))?;
    let mut op = ctx.op().await?;
    let did = sessions::revoke(&mut op, session).await;
    finished(&ctx, account_id(&form.account)?, op, did, "device").await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/accounts/{id}", Wanted::May("account.read"), show),
        Route::post("/admin/accounts/{id}", Wanted::May("account.edit"), edit),
        Route::post("/admin/accounts/{id}/status", Wanted::May("account.disable"), status),
        Route::post("/admin/accounts/{id}/password", Wanted::May("account.reset_password"), reset_password),
        Route::post("/admin/accounts/{id}/factor", Wanted::May("account.reset_factor"), reset_factor),
        Route::post("/admin/accounts/{id}/unlock", Wanted::May("account.unlock"), unlock),
        Route::post("/admin/accounts/{id}/phone", Wanted::May("account.read_contact"), phone),
        Route::post("/admin/accounts/{id}/posts", Wanted::May("role.grant"), grant),
        Route::post("/admin/posts/{id}/end", Wanted::May("role.grant"), end),
        Route::post("/admin/sessions/{id}/end", Wanted::May("session.revoke"), end_session),
    ]
}
