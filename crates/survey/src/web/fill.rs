//! Filling a form in, on line. It works without script: each press of a button sends the form, and what is asked is
//! worked out again. With script the same answer is asked for at every change and only what differs is replaced.

use askama::Template;
use axum::{
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::{IntoResponse as _, Redirect},
};
use linli_forms::{Engine, Fault, Form, Instance, Kind, render};
use linli_kernel::{Error, Result};
use linli_store::Conn;
use linli_web::{Access, Chrome, Ctx, Route, WebResult, upload::Upload};
use serde::Deserialize;
use uuid::Uuid;

use super::{photos, scope, shown};
use crate::{
    app::{self, Given, Outcome, Refused, now_of},
    model::{Photo, Source, State, SurveyId, VersionId},
    place::{self, At},
    port::{Home, Homes},
    read, store,
};

pub(super) fn routes() -> Vec<Route> {
    const MAY: Access = Access::May("survey.fill");
    vec![
        Route::get("/surveys/for", MAY, offered),
        Route::get("/surveys/{id}/fill", MAY, ask),
        Route::post("/surveys/{id}/fill", MAY, send),
    ]
}

/// What a visit names in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Visit {
    home: String,
    visit: String,
    done: String,
}

impl Visit {
    fn id(text: &str) -> Result<Option<Uuid>> {
        match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Error::NotFound),
        }
    }

    /// As the end of an address.
    fn query(&self) -> String {
        let pairs = [("home", &self.home), ("visit", &self.visit)];
        let named: Vec<String> =
            pairs.iter().filter(|(_, id)| !id.is_empty()).map(|(name, id)| format!("{name}={id}")).collect();
        if named.is_empty() { String::new() } else { format!("?{}", named.join("&")) }
    }

    async fn home(&self, ctx: &Ctx, conn: &mut Conn) -> Result<Option<Home>> {
        let Some(id) = Self::id(&self.home)? else { return Ok(None) };
        let home = place::home(conn, ctx.district.ports.get::<Homes>().as_deref(), id).await?;
        // Whoever may not answer there does not learn the address.
        if !scope(ctx, "survey.fill")?.covers(&home.area, &[]) {
            return Err(Error::NotFound);
        }
        Ok(Some(home))
    }
}

#[derive(Template)]
#[template(path = "survey/offered.html")]
struct OfferedPage {
    chrome: Chrome,
    address: String,
    forms: Vec<(String, String)>,
    done: bool,
}

/// The forms that are asked at a home: where the page of a visit leads.
async fn offered(ctx: Ctx, Query(visit): Query<Visit>) -> WebResult {
    let mut conn = ctx.read().await?;
    let home = visit.home(&ctx, &mut conn).await?;
    let access = ctx.district.port::<linli_access::Access>()?;
    let asked = read::asked(&mut conn, &access, &ctx.actor).await?;
    let here =
        asked.into_iter().filter(|(s, _)| home.as_ref().is_none_or(|home| s.area.contains(&home.area)));
    let page = OfferedPage {
        chrome: ctx.chrome("survey-offered"),
        address: home.as_ref().map(|home| home.address.clone()).unwrap_or_default(),
        forms: here
            .map(|(survey, version)| (format!("/surveys/{}/fill{}", survey.id, visit.query()), version.title))
            .collect(),
        done: !visit.done.is_empty(),
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "survey/fill.html")]
struct FillPage {
    chrome: Chrome,
    title: String,
    address: String,
    action: String,
    version: String,
    instance: String,
    lines: Vec<shown::Line>,
    /// Field and sentence of what is wrong, for the summary above.
    faults: Vec<(String, String)>,
    /// Kept photos: field and word.
    photos: Vec<(String, String)>,
    sentence: String,
}

/// One page of a form.
struct Filling<'a> {
    ctx: &'a Ctx,
    id: SurveyId,
    visit: &'a Visit,
    address: String,
    form: &'a Form,
    version: VersionId,
    instance: String,
    photos: &'a [(String, Photo)],
}

impl Filling<'_> {
    fn engine(&self) -> Engine<'_> {
        Engine::new(self.form, now_of(self.ctx.now()), self.form.language(self.ctx.locale.language.as_str()))
    }

    fn page(&self, answers: &Instance, faults: &[Fault], sentence: &str) -> WebResult {
        let engine = self.engine();
        let items = render::page(&engine, answers, faults, false);
        let photo = |field: &str| self.photos.iter().find(|(of, _)| of == field).map(|(_, p)| p.name.clone());
        let said = |fault: &Fault| {
            let node = self.form.node(fault.node);
            let label = engine.words(answers, &node.label, fault.node, &fault.at);
            let sentence = shown::sentence(fault.kind, &fault.message, node.kind, &self.ctx.locale);
            let id = format!("q-{}", render::field(self.form, fault.node, &fault.at).replace('/', "-"));
            (id, if label.is_empty() { sentence } else { format!("{label}：{sentence}") })
        };
        let page = FillPage {
            chrome: self.ctx.chrome("survey-fill"),
            title: self.form.title.clone(),
            address: self.address.clone(),
            action: format!("/surveys/{}/fill{}", self.id, self.visit.query()),
            version: self.version.to_string(),
            instance: self.instance.clone(),
            lines: shown::lines(&items, &self.ctx.locale, &photo),
            faults: faults.iter().map(said).collect(),
            photos: self.photos.iter().map(|(field, photo)| (field.clone(), photos::word(photo))).collect(),
            sentence: if sentence.is_empty() { String::new() } else { self.ctx.locale.t(sentence) },
        };
        let ok = faults.is_empty() && sentence.is_empty();
        let status = if ok { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        Ok((status, self.ctx.page(&page)?).into_response())
    }
}

async fn ask(ctx: Ctx, Path(id): Path<SurveyId>, Query(visit): Query<Visit>) -> WebResult {
    let mut conn = ctx.read().await?;
    let survey = read::survey(&mut conn, &scope(&ctx, "survey.fill")?, id).await?;
    let version = survey.current.filter(|_| survey.state == State::Published).ok_or(Error::NotFound)?;
    let form = app::read_form(&store::version(&mut conn, id, version).await?)?;
    let address = visit.home(&ctx, &mut conn).await?.map(|home| home.address).unwrap_or_default();
    let instance = format!("uuid:{}", ctx.district.ids.uuid(ctx.now()));
    let filling =
        Filling { ctx: &ctx, id, visit: &visit, address, form: &form, version, instance, photos: &[] };
    filling.page(&filling.engine().start(), &[], "")
}

/// The photos of a form by field: those sent now and those kept from before. A name stands once.
async fn taken(ctx: &Ctx, form: &Form, sent: &Upload) -> Result<(Vec<(String, Photo)>, bool)> {
    let mut found: Vec<(String, Photo)> = Vec::new();
    let is_photo = |field: &str| {
        render::find_field(form, field).is_some_and(|(node, _)| form.node(node).kind == Kind::Image)
    };
    for (name, words) in &sent.fields {
        let (Some(field), Some(word)) = (name.strip_suffix("#photo"), words.last()) else { continue };
        if is_photo(field) && found.len() < app::PHOTOS {
            found.push((field.to_owned(), photos::kept(&ctx.district, word).await?));
        }
    }
    let mut wrong = false;
    for file in sent.files.iter().filter(|file| is_photo(&file.field)) {
        let name = photos::clean_name(&file.name);
        match photos::keep(&ctx.district, &file.field, name, file.bytes.clone()).await {
            Ok(photo) => {
                found.retain(|(field, _)| *field != file.field);
                found.push((file.field.clone(), photo));
            }
            Err(Error::Invalid(_)) => wrong = true,
            Err(other) => return Err(other),
        }
    }
    for n in 0..found.len() {
        let mut name = found[n].1.name.clone();
        let mut count = 1;
        while found[..n].iter().any(|(_, other)| other.name == name) {
            count += 1;
            let (stem, end) = found[n].1.name.rsplit_once('.').unwrap_or((&found[n].1.name, "jpg"));
            name = format!("{stem}-{count}.{end}");
        }
        found[n].1.name = name;
    }
    Ok((found, wrong))
}

async fn send(ctx: Ctx, Path(id): Path<SurveyId>, Query(visit): Query<Visit>, body: Multipart) -> WebResult {
    let sent = Upload::read(body, linli_web::upload::FILE_LIMIT).await?;
    let broken = || Error::field("form", "error-form-broken");
    let version: VersionId = sent.text("version").and_then(|v| v.parse().ok()).ok_or_else(broken)?;
    let instance = sent.text("instance").unwrap_or_default().to_owned();
    let mut conn = ctx.read().await?;
    read::survey(&mut conn, &scope(&ctx, "survey.fill")?, id).await?;
    let (_, _, form) = app::asked(&mut conn, id, version).await?;
    let address = visit.home(&ctx, &mut conn).await?.map(|home| home.address).unwrap_or_default();
    drop(conn);
    let fields =
        sent.fields.iter().flat_map(|(name, values)| values.iter().map(move |v| (name.as_str(), v.as_str())));
    let mut answers = render::read_fields(&form, fields);
    let (photos, wrong_photo) = taken(&ctx, &form, &sent).await?;
    for (field, photo) in &photos {
        if let Some((node, at)) = render::find_field(&form, field) {
            answers.set(node, &at, photo.name.as_str());
        }
    }
    let filling =
        Filling { ctx: &ctx, id, visit: &visit, address, form: &form, version, instance, photos: &photos };
    let engine = filling.engine();
    engine.recompute(&mut answers);
    if wrong_photo {
        return filling.page(&answers, &[], "error-not-a-picture");
    }
    match sent.text("do").unwrap_or_default() {
        "send" => {}
        change => {
            resize(&engine, &mut answers, change);
            return filling.page(&answers, &[], "");
        }
    }
    let given = Given {
        survey: id,
        version,
        instance: filling.instance.clone(),
        dwelling: At::Known(Visit::id(&visit.home)?),
        visit: Visit::id(&visit.visit)?,
        source: Source::Web,
        answers: answers.clone(),
        photos: photos.iter().map(|(_, photo)| photo.clone()).collect(),
    };
    let mut op = ctx.op().await?;
    match app::answer(&mut op, given).await {
        Ok(Outcome::Kept(_) | Outcome::Known(_)) => {
            op.commit().await?;
            let query = visit.query();
            let join = if query.is_empty() { "?" } else { "&" };
            Ok(Redirect::to(&format!("/surveys/for{query}{join}done=1")).into_response())
        }
        Err(Refused::Faults(_, faults)) => filling.page(&answers, &faults, ""),
        Err(Refused::Error(Error::Conflict(key))) => filling.page(&answers, &[], key),
        Err(Refused::Error(other)) => Err(other.into()),
    }
}

/// `add people` and `remove people/2`.
fn resize(engine: &Engine<'_>, answers: &mut Instance, change: &str) {
    let form = engine.form;
    let open = |node: usize| form.node(node).kind == Kind::Repeat && form.node(node).count.is_none();
    if let Some((node, at)) = change.strip_prefix("add ").and_then(|field| render::find_field(form, field)) {
        if open(node) && at.len() == form.node(node).depth() {
            engine.add_instance(answers, node, &at);
        }
    } else if let Some(field) = change.strip_prefix("remove ") {
        let found = field
            .rsplit_once('/')
            .and_then(|(repeat, n)| Some((render::find_field(form, repeat)?, n.parse().ok()?)));
        if let Some(((node, at), number)) = found
            && open(node)
        {
            answers.remove_instance(form, node, &at, number);
            engine.recompute(answers);
        }
    }
}
