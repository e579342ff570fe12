//! `/admin/accounts`: the list and new accounts. One account is in [`super::account`].

use askama::Template;
use axum::{
    extract::{Form, Query},
    response::IntoResponse,
};
use linli_kernel::{AreaCode, Error, Role};
use linli_store::Entry;
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebResult, api::Asks, attach, sheet};
use serde::Deserialize;
use serde_json::json;

use super::login::Trouble;
use crate::{
    Access,
    accounts::{self, Account, Filter, NewAccount},
    places::Places,
};

const SIZE: usize = 50;
/// What Excel files are.
/// Rows of an export.
const EXPORT: usize = 20_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    role: String,
    area: String,
    status: String,
    after: String,
}

impl Asked {
    fn filter(&self, size: usize) -> Filter {
        Filter {
            search: Some(self.q.trim().to_owned()).filter(|q| !q.is_empty()),
            status: self.status.parse().ok(),
            role: self.role.parse().ok(),
            area: self.area.trim().parse().ok(),
            after: self.after.parse().ok(),
            size,
        }
    }

    fn query(&self) -> String {
        [("q", &self.q), ("role", &self.role), ("area", &self.area), ("status", &self.status)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", linli_kernel::percent(value, b"")))
            .collect::<Vec<_>>()
            .join("&")
    }
}

/// An account in the list.
struct Row {
    id: String,
    login: String,
    name: String,
    phone: String,
    place: String,
    posts: Vec<String>,
    active: bool,
    last: String,
}

/// The role's name in the person's language.
pub(super) fn role_words(ctx: &Ctx, access: &Access, role: Role) -> String {
    let chinese = ctx.locale.language == linli_store::op::Language::Chinese;
    access
        .policy
        .duty(role)
        .map_or_else(|| role.to_string(), |duty| if chinese { duty.zh.clone() } else { duty.en.clone() })
}

pub(super) fn roles(ctx: &Ctx, access: &Access) -> Vec<(String, String)> {
    Role::ALL.iter().map(|&role| (role.to_string(), role_words(ctx, access, role))).collect()
}

pub(super) fn areas(ctx: &Ctx) -> Vec<(String, String)> {
    let areas = (Places::of(&ctx.district).areas)(&ctx.district);
    areas.into_iter().map(|(code, name)| (code.to_string(), name)).collect()
}

fn row(ctx: &Ctx, access: &Access, account: &Account) -> Row {
    let places = Places::of(&ctx.district);
    Row {
        id: account.id.to_string(),
        login: account.login.clone(),
        name: account.name.clone(),
        phone: account.phone.as_ref().map_or_else(String::new, |p| p.as_str().to_owned()),
        place: (places.area)(&ctx.district, &account.area),
        posts: account
            .serving(ctx.now())
            .map(|s| {
                format!(
                    "{} · {}",
                    role_words(ctx, access, s.post.role),
                    (places.org)(&ctx.district, s.post.org)
                )
            })
            .collect(),
        active: account.status == accounts::Status::Active,
        last: account.last_login_at.map_or_else(String::new, |at| ctx.locale.time(at)),
    }
}

#[derive(Template)]
#[template(path = "access/accounts.html")]
struct ListPage {
    chrome: Chrome,
    asked: Asked,
    query: String,
    rows: Vec<Row>,
    next: Option<String>,
    roles: Vec<(String, String)>,
    areas: Vec<(String, String)>,
    may_create: bool,
    may_grant: bool,
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let filter = asked.filter(SIZE);
    let page = accounts::list(&mut ctx.read().await?, &access, &ctx.actor, &filter, ctx.now()).await?;
    let page = ListPage {
        chrome: ctx.chrome("access-accounts"),
        query: asked.query(),
        rows: page.items.iter().map(|account| row(&ctx, &access, account)).collect(),
        next: page.next,
        roles: roles(&ctx, &access),
        areas: areas(&ctx),
        may_create: access.policy.allows_somewhere(&ctx.actor, "account.create"),
        may_grant: access.policy.allows_somewhere(&ctx.actor, "role.grant"),
        asked,
    };
    Ok(ctx.page(&page)?.into_response())
}

pub(super) async fn export(ctx: Ctx, Asks(asked): Asks<Asked>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let mut filter = asked.filter(200);
    let mut conn = ctx.read().await?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    loop {
        let page = accounts::list(&mut conn, &access, &ctx.actor, &filter, ctx.now()).await?;
        rows.extend(page.items.iter().map(|account| {
            let r = row(&ctx, &access, account);
            let state = ctx.locale.t(if r.active { "access-active" } else { "access-disabled" });
            vec![r.login, r.name, r.phone, r.place, r.posts.join("；"), state, r.last]
        }));
        filter.after = page.next.as_deref().and_then(|next| next.parse().ok());
        if !attach::goes_on(rows.len(), EXPORT, filter.after.is_some(), "access-export-too-many")? {
            break;
        }
    }
    // Who took how many names out of the house is written down before the file leaves; not what was searched for.
    let mut op = ctx.op().await?;
    let filter = json!({ "role": asked.role, "area": asked.area, "status": asked.status });
    let detail = json!({ "filter": filter, "by": (!asked.q.trim().is_empty()).then_some("words"), "rows": rows.len() });
    let area = ctx.district.area.clone();
    op.log(Entry { action: "account.export", subject: "account", subject_id: String::new(), area, detail })
        .await?;
    op.commit().await?;
    let heads = ["login-name", "name", "phone", "place", "posts", "status", "last-login"];
    let heads = heads.map(|name| ctx.locale.t(&format!("access-{name}")));
    let making = move || sheet::write(&heads, &rows);
    let bytes = tokio::task::spawn_blocking(making).await.map_err(Error::internal)??;
    Ok(attach::file("accounts.xlsx", attach::XLSX, bytes))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewForm {
    login: String,
    name: String,
    phone: String,
    area: String,
}

#[derive(Template)]
#[template(path = "access/account-new.html")]
struct NewPage {
    chrome: Chrome,
    trouble: Trouble,
    form: NewForm,
    areas: Vec<(String, String)>,
}

async fn blank(ctx: Ctx) -> WebResult {
    let form = NewForm { area: ctx.district.area.to_string(), ..NewForm::default() };
    let page = NewPage {
        chrome: ctx.chrome("access-account-new"),
        trouble: Trouble::default(),
        form,
        areas: areas(&ctx),
    };
    Ok(ctx.page(&page)?.into_response())
}

/// A password that is shown once, for the one who hands it over.
#[derive(Template)]
#[template(path = "access/password-once.html")]
pub(super) struct OncePage {
    pub chrome: Chrome,
    pub name: String,
    pub login: String,
    pub password: String,
    pub id: String,
    pub no_post: bool,
}

async fn make(ctx: &Ctx, form: &NewForm) -> linli_kernel::Result<OncePage> {
    let access = ctx.district.port::<Access>()?;
    let area: AreaCode = form.area.trim().parse().map_err(|_| Error::field("area", "error-area"))?;
    // The hash takes its time; the transaction begins after it.
    let initial = access.passwords.initial(&ctx.district.ids).await?;
    let mut op = ctx.op().await?;
    let new = NewAccount {
        login: form.login.clone(),
        name: form.name.clone(),
        area,
        phone: Some(form.phone.clone()).filter(|p| !p.trim().is_empty()),
    };
    let id = accounts::create(&mut op, new, &initial).await?;
    op.commit().await?;
    Ok(OncePage {
        chrome: ctx.chrome("access-once"),
        name: form.name.clone(),
        login: form.login.trim().to_ascii_lowercase(),
        password: initial.clear,
        id: id.to_string(),
        no_post: true,
    })
}

async fn create(ctx: Ctx, Form(form): Form<NewForm>) -> WebResult {
    match make(&ctx, &form).await {
        Ok(page) => Ok(ctx.page(&page)?.into_response()),
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            let page =
                NewPage { chrome: ctx.chrome("access-account-new"), trouble, form, areas: areas(&ctx) };
            Ok(page.trouble.answer(ctx.page(&page)?))
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/accounts", Wanted::May("account.list"), list),
        Route::get("/admin/accounts/export.xlsx", Wanted::May("account.list"), export),
        Route::get("/admin/accounts/new", Wanted::May("account.create"), blank),
        Route::post("/admin/accounts", Wanted::May("account.create"), create),
    ]
}
