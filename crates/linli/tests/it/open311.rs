//! Open311 GeoReport v2 as an existing client sees it: both formats say the same, every JSON answer fits the
//! shared schemas, reports come in with questions answered and photos, refusals are lists of errors.

use std::{collections::BTreeMap, io::Cursor};

use axum::http::StatusCode;
use linli_testkit::{
    both_engines,
    schema::{Schemas, faults},
    shared_data,
};
use serde_json::{Value, json};

use crate::{
    call::{Caller, Reply, made_key},
    house::{House, house},
    xml::{parsed, same},
};

fn items() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("services", "service"),
        ("attributes", "attribute"),
        ("values", "value"),
        ("service_requests", "request"),
        ("errors", "error"),
        ("endpoints", "endpoint"),
        ("formats", "format"),
    ])
}

fn schemas() -> Option<Schemas> {
    let mut all = Schemas::new();
    for name in ["services.json", "service.json", "service-definition.json", "requests.json", "request.json"]
    {
        let text = std::fs::read_to_string(shared_data(&format!("open311/{name}"))?).unwrap();
        all.insert(name.to_owned(), serde_json::from_str(&text).unwrap());
    }
    Some(all)
}

/// The same call in both formats: they say the same; answers the JSON.
async fn both(house: &House, path: &str, query: &str, root: &str) -> (StatusCode, Value) {
    let nobody = Caller::nobody();
    let ask = async |format: &str| nobody.get(house, &format!("/open311/{path}.{format}{query}")).await;
    let (json, xml) = (ask("json").await, ask("xml").await);
    assert_eq!(json.status, xml.status, "{path}{query}");
    assert_eq!(json.kind, "application/json; charset=utf-8", "{path}{query}");
    assert_eq!(xml.kind, "text/xml; charset=utf-8", "{path}{query}");
    let (value, element) = (json.json(), parsed(&xml.bytes));
    let root = if json.status.is_success() { root } else { "errors" };
    assert_eq!(element.name, root, "{path}{query}");
    assert!(same(&element, &value, &items()), "{path}{query}: {value}\n{}", xml.text());
    (json.status, value)
}

fn fits(schema: &str, value: &Value) {
    let Some(schemas) = schemas() else { return };
    let wrong = faults(&schemas[schema], &schemas, value);
    assert!(wrong.is_empty(), "{schema}: {wrong:#?}");
}

/// A refusal: this status, and a bare list of errors with the same code.
fn refused(status: StatusCode, value: &Value, wanted: u16, word: &str) {
    assert_eq!(status.as_u16(), wanted, "{value}");
    let error = &value.as_array().unwrap()[0];
    assert_eq!(error["code"], wanted.to_string());
    assert!(error["description"].as_str().unwrap().contains(word), "{value} speaks of {word}");
}

async fn post(house: &House, path: &str, form: &[(&str, &str)]) -> Reply {
    let encode = |text: &str| {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    let body: Vec<String> =
        form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let body = body.join("&").into_bytes();
    Caller::nobody().send(house, "POST", path, "application/x-www-form-urlencoded", body, &[]).await
}

const REQUESTS: &str = "/open311/v2/requests.json";

struct World {
    house: House,
    key: String,
    service: String,
}

/// A house with a key that may report, and a service with one question of each kind.
async fn world(db: &linli_testkit::Scratch) -> World {
    let house = house(&[(db, "a", 1)], false).await;
    let officer = Caller::person(&house, "security").await;
    let key = made_key(&house, &officer, &["case.report"], "371002").await;
    let (_, services) = both(&house, "v2/services", "", "services").await;
    let service = services[0]["service_code"].as_str().unwrap().to_owned();
    settle(&house, &json!({ "attributes": { &service: questions() } })).await;
    World { house, key, service }
}

fn questions() -> Value {
    json!([
        { "code": "HINT", "variable": false, "datatype": "string", "description": "先看一看" },
        { "code": "KIND", "datatype": "singlevaluelist", "required": true, "description": "哪一种", "values": [["1", "井盖"], ["2", "管道"]] },
        { "code": "SIGNS", "datatype": "multivaluelist", "description": "看到什么", "values": [["a", "水"], ["b", "气味"]] },
        { "code": "COUNT", "datatype": "number", "description": "几处" },
        { "code": "SINCE", "datatype": "datetime", "description": "何时起" },
        { "code": "MORE", "datatype": "text", "description": "补充" },
    ])
}

async fn settle(house: &House, settings: &Value) {
    let admin = Caller::person(house, "admin").await;
    let body = settings.to_string().into_bytes();
    let done = admin.send(house, "PUT", "/api/v1/settings/open311", "application/json", body, &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
}

both_engines! {
    async fn what_is_offered_is_told_alike_in_both_formats(db) {
        let World { house, service, .. } = world(&db).await;
        let (status, discovery) = both(&house, "discovery", "", "discovery").await;
        assert_eq!(status, StatusCode::OK);
        let endpoints = discovery["endpoints"].as_array().unwrap();
        assert_eq!(endpoints.iter().map(|e| e["type"].as_str().unwrap()).collect::<Vec<_>>(), ["production", "test"]);
        for endpoint in endpoints {
            assert_eq!(endpoint["specification"], "http://wiki.open311.org/GeoReport_v2");
            assert_eq!(endpoint["formats"], json!(["text/xml", "application/json"]));
            let path = endpoint["url"].as_str().unwrap().trim_start_matches("http://a.example/open311/").to_owned();
            both(&house, &format!("{path}/services"), "", "services").await;
        }
        let (_, services) = both(&house, "v2/services", "?jurisdiction_id=a.example", "services").await;
        fits("services.json", &services);
        assert!(services.as_array().unwrap().len() > 20);
        assert_eq!(services[0]["metadata"], true);
        let (_, definition) = both(&house, &format!("v2/services/{service}"), "", "service_definition").await;
        fits("service-definition.json", &definition);
        let orders: Vec<i64> = definition["attributes"].as_array().unwrap().iter().map(|a| a["order"].as_i64().unwrap()).collect();
        assert_eq!(orders, [1, 2, 3, 4, 5, 6]);
        assert_eq!(definition["attributes"][1]["values"][0], json!({ "key": "1", "name": "井盖" }));
        let (status, absent) = both(&house, "v2/services/none", "", "service_definition").await;
        refused(status, &absent, 404, "service_code");
        let (status, foreign) = both(&house, "v2/services", "?jurisdiction_id=elsewhere.org", "services").await;
        refused(status, &foreign, 404, "jurisdiction_id");
        let (status, unknown) = both(&house, "v2/nothing/at/all", "", "errors").await;
        refused(status, &unknown, 404, "call");
    }

    async fn lists_keep_to_their_limits_and_tell_nobody_who_reported(db) {
        let World { house, .. } = world(&db).await;
        let (status, all) = both(&house, "v2/requests", "", "service_requests").await;
        assert_eq!(status, StatusCode::OK);
        fits("requests.json", &all);
        let rows = all.as_array().unwrap();
        assert!(!rows.is_empty() && rows.len() <= 1000);
        let phones: Vec<String> = rows.iter().map(Value::to_string).filter(|row| row.contains("138001")).collect();
        assert_eq!(phones, Vec::<String>::new());
        for row in rows {
            assert!(row["requested_datetime"].as_str().unwrap().len() == 25, "no fractions: {row}");
        }
        let id = rows[0]["service_request_id"].as_str().unwrap();
        let (_, one) = both(&house, &format!("v2/requests/{id}"), "", "service_requests").await;
        assert_eq!((one.as_array().unwrap().len(), &one[0]), (1, &rows[0]));
        let two = format!("?service_request_id={id},{}&status=nonsense", rows[1]["service_request_id"].as_str().unwrap());
        let (status, some) = both(&house, "v2/requests", &two, "service_requests").await;
        assert_eq!((status, some.as_array().unwrap().len()), (StatusCode::OK, 2), "ids override the rest");
        for word in ["open", "closed"] {
            let (_, part) = both(&house, "v2/requests", &format!("?status={word}&start_date="), "service_requests").await;
            assert!(part.as_array().unwrap().iter().all(|row| row["status"] == word));
        }
        let (_, either) = both(&house, "v2/requests", "?status=open,closed&extensions=true", "service_requests").await;
        assert_eq!(either.as_array().unwrap().len(), rows.len());
        let (_, first) = both(&house, "v2/requests", "?page=1&page_size=2", "service_requests").await;
        let (_, second) = both(&house, "v2/requests", "?page=2&page_size=2", "service_requests").await;
        assert_eq!([&first[0], &first[1], &second[0]], [&rows[0], &rows[1], &rows[2]]);
        let (_, beyond) = both(&house, "v2/requests", "?page=2&page_size=1000", "service_requests").await;
        assert_eq!(beyond, json!([]), "never more than a thousand");
        let long = "?start_date=2026-01-01T00:00:00Z&end_date=2026-05-01T00:00:00Z";
        for (query, word) in [
            (long, "90 days"),
            ("?start_date=2026-11-02T00:00:00Z&end_date=2026-11-01T00:00:00Z", "before"),
            ("?start_date=yesterday", "start_date"),
            ("?status=asleep", "status"),
            ("?page=0", "page"),
            ("?page_size=x", "page_size"),
        ] {
            let (status, error) = both(&house, "v2/requests", query, "service_requests").await;
            refused(status, &error, 400, word);
        }
        let (status, error) = both(&house, "v2/requests", "?service_code=none", "service_requests").await;
        refused(status, &error, 404, "service_code");
        let (status, error) = both(&house, "v2/requests/HC20200101-000001", "", "service_requests").await;
        refused(status, &error, 404, "service_request_id");
        let (status, error) = both(&house, "v2/tokens/none", "", "service_requests").await;
        refused(status, &error, 404, "token");
    }

    async fn a_report_comes_in_with_its_answers_and_photo(db) {
        let World { house, key, service } = world(&db).await;
        let base = [("api_key", key.as_str()), ("service_code", service.as_str()), ("lat", "37.51"), ("long", "122.11"), ("attribute[KIND]", "2")];
        let full = [
            &base[..],
            &[
                ("attribute[SIGNS][]", "a"), ("attribute[SIGNS][]", "b"), ("attribute[COUNT]", "3"),
                ("attribute[SINCE]", "2026-11-20T08:00:00+08:00"), ("attribute[MORE]", "靠近学校"),
                ("description", "路面 <积水> & 结冰，电话13800138000"), ("first_name", "小明"), ("last_name", "王"),
                ("phone", "13800138000"), ("email", "a@example.cn"), ("device_id", "d"), ("account_id", "acc-7"), ("address_string", ""),
            ],
        ]
        .concat();
        let made = post(&house, REQUESTS, &full).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text());
        let made = made.json();
        let id = made[0]["service_request_id"].as_str().unwrap().to_owned();
        assert!(made.as_array().unwrap().len() == 1 && made[0].get("token").is_none());
        assert_eq!(made[0]["account_id"], "acc-7");
        let (_, one) = both(&house, &format!("v2/requests/{id}"), "", "service_requests").await;
        fits("requests.json", &one);
        let text = one[0]["description"].as_str().unwrap();
        for part in ["路面 <积水> & 结冰", "哪一种：管道", "看到什么：水、气味", "几处：3", "补充：靠近学校", "****"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!one.to_string().contains("13800138000") && !one.to_string().contains("小明"));
        assert_eq!((&one[0]["lat"], &one[0]["long"]), (&json!(37.51), &json!(122.11)));

        let xml = post(&house, "/open311/v2/requests.xml", &base).await;
        let element = parsed(&xml.bytes);
        assert_eq!((element.name.as_str(), element.children[0].name.as_str()), ("service_requests", "request"));
        assert_eq!(element.children[0].children[0].name, "service_request_id");

        let mut photo = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(30, 20).write_to(&mut photo, image::ImageFormat::Png).unwrap();
        let photographed = with_media(&house, &base, photo.get_ref()).await;
        assert_eq!(photographed.status, StatusCode::OK, "{}", photographed.text());
        let id = photographed.json()[0]["service_request_id"].as_str().unwrap().to_owned();
        let (_, one) = both(&house, &format!("v2/requests/{id}"), "", "service_requests").await;
        fits("requests.json", &one);
        let url = one[0]["media_url"].as_str().unwrap().trim_start_matches("http://a.example").to_owned();
        let media = Caller::nobody().get(&house, &url).await;
        assert_eq!((media.status, media.kind.as_str()), (StatusCode::OK, "image/jpeg"));
        assert!(media.bytes.starts_with(&[0xff, 0xd8]), "written anew as JPEG");
        let rubbish = with_media(&house, &base, b"<svg onload=alert(1)>").await;
        refused(rubbish.status, &rubbish.json(), 400, "media");
        let gone = Caller::nobody().get(&house, "/open311/media/01890000-0000-7000-8000-000000000000").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }

    async fn what_is_missing_or_wrong_is_told(db) {
        let World { house, key, service } = world(&db).await;
        let long = "长".repeat(4001);
        let good = [("api_key", key.as_str()), ("service_code", &service), ("address_string", "塔山路12号"), ("attribute[KIND]", "1")];
        let changed = |name: &'static str, value: &'static str| {
            let mut form: Vec<(&str, &str)> = good.iter().filter(|(n, _)| *n != name).copied().collect();
            form.push((name, value));
            form
        };
        let before = both(&house, "v2/requests", "", "service_requests").await.1;
        for (form, status, word) in [
            (changed("api_key", ""), 403, "api_key"),
            (changed("api_key", "lk_wrong_wrong"), 403, "api_key"),
            (changed("service_code", ""), 400, "service_code"),
            (changed("service_code", "none"), 404, "service_code"),
            (changed("address_string", ""), 400, "place"),
            (changed("lat", "37.5"), 400, "long"),
            (changed("lat", "north"), 400, "lat"),
            (changed("address_id", "999999"), 400, "address_id"),
            (changed("attribute[KIND]", ""), 400, "KIND"),
            (changed("attribute[KIND]", "9"), 400, "KIND"),
            (changed("attribute[COUNT]", "many"), 400, "COUNT"),
            (changed("attribute[SINCE]", "long ago"), 400, "SINCE"),
            (changed("media_url", "ftp://x"), 400, "media_url"),
            (changed("phone", "12"), 400, "phone"),
            (changed("email", "nowhere"), 400, "email"),
            (changed("jurisdiction_id", "elsewhere"), 404, "jurisdiction_id"),
            ([&good[..], &[("description", &long)]].concat(), 400, "description"),
        ] {
            let reply = post(&house, REQUESTS, &form).await;
            assert_eq!(reply.kind, "application/json; charset=utf-8");
            refused(reply.status, &reply.json(), status, word);
        }
        let broken = Caller::nobody().send(&house, "POST", REQUESTS, "multipart/form-data; boundary=x", b"--x\r\nbroken".to_vec(), &[]).await;
        refused(broken.status, &broken.json(), 400, "");
        let read_only = made_key(&house, &Caller::person(&house, "security").await, &["case.read"], "371002").await;
        let mut other = good.to_vec();
        other[0].1 = &read_only;
        let reply = post(&house, REQUESTS, &other).await;
        refused(reply.status, &reply.json(), 403, "api_key");
        // The test endpoint checks the same and takes nothing in.
        let tried = post(&house, "/open311/test/v2/requests.json", &good).await;
        assert_eq!(tried.status, StatusCode::OK, "{}", tried.text());
        assert_eq!(both(&house, "v2/requests", "", "service_requests").await.1, before);
        assert_eq!(post(&house, REQUESTS, &good).await.status, StatusCode::OK);
        assert_ne!(both(&house, "v2/requests", "", "service_requests").await.1, before);
    }

    async fn several_jurisdictions_each_answer_for_themselves(db) {
        let World { house, key, service } = world(&db).await;
        settle(&house, &json!({ "jurisdictions": [
            { "id": "huancuilou.example", "area": "371002001" }, { "id": "jingyuan.example", "area": "371002002" },
        ] })).await;
        for path in ["v2/services", "v2/requests", &format!("v2/services/{service}"), "v2/tokens/x"] {
            let (status, error) = both(&house, path, "", "").await;
            refused(status, &error, 400, "jurisdiction_id");
            let (status, error) = both(&house, path, "?jurisdiction_id=nobody.example", "").await;
            refused(status, &error, 404, "jurisdiction_id");
        }
        both(&house, "discovery", "", "discovery").await;
        let own = "?jurisdiction_id=huancuilou.example";
        let (_, rows) = both(&house, "v2/requests", own, "service_requests").await;
        let rows = rows.as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|r| r["address_id"].as_str().is_none_or(|id| id.starts_with("371002001"))));
        let id = rows[0]["service_request_id"].as_str().unwrap();
        assert_eq!(both(&house, &format!("v2/requests/{id}"), own, "service_requests").await.0, StatusCode::OK);
        let (status, error) = both(&house, &format!("v2/requests/{id}"), "?jurisdiction_id=jingyuan.example", "service_requests").await;
        refused(status, &error, 404, "service_request_id");
        let form = [("api_key", key.as_str()), ("service_code", &service), ("address_id", "371002002"), ("jurisdiction_id", "huancuilou.example")];
        let outside = post(&house, REQUESTS, &form).await;
        refused(outside.status, &outside.json(), 400, "address_id");
        let form = [("api_key", key.as_str()), ("service_code", &service), ("address_string", "某处"), ("jurisdiction_id", "jingyuan.example")];
        let inside = post(&house, REQUESTS, &form).await.json();
        let id = inside[0]["service_request_id"].as_str().unwrap();
        let (status, _) = both(&house, &format!("v2/requests/{id}"), "?jurisdiction_id=jingyuan.example", "service_requests").await;
        assert_eq!(status, StatusCode::OK);
    }
}

async fn with_media(house: &House, form: &[(&str, &str)], photo: &[u8]) -> Reply {
    let mut body = Vec::new();
    for (name, value) in form {
        body.extend(
            format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(b"--cut\r\ncontent-disposition: form-data; name=\"media\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n");
    body.extend_from_slice(photo);
    body.extend(b"\r\n--cut--\r\n");
    Caller::nobody().send(house, "POST", REQUESTS, "multipart/form-data; boundary=cut", body, &[]).await
}
