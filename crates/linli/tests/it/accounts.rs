//! Accounts from a sheet, with the three administrators: one makes them, another grants the posts.

use axum::http::StatusCode;
use linli_testkit::both_engines;
use serde_json::json;

use crate::{call::Caller, hotline::sent, house::house};

const HEAD: [&str; 7] = ["登录名 *", "姓名 *", "手机号", "管理区划", "岗位", "单位编码", "岗位区划"];

fn sheet(rows: &[[&str; 7]]) -> Vec<u8> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    linli_web::sheet::write(&HEAD, &rows).unwrap()
}

both_engines! {
    async fn a_sheet_is_looked_at_mended_and_imported_once(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let (admin, officer) = (Caller::person(&house, "admin").await, Caller::person(&house, "security").await);
        let orgs = admin.get(&house, "/api/v1/orgs?within=371002001").await.json();
        let org = orgs["items"].as_array().unwrap().iter().find(|o| o["kind"].as_str().unwrap().contains('街') || o["area"] == "371002001").unwrap();
        let code = org["code"].as_str().unwrap();
        let upload = async |rows: &[[&str; 7]]| {
            let sent = sent(&admin, &house, "/api/v1/account-imports", &[], "people.xlsx", &sheet(rows)).await;
            assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text());
            format!("/api/v1/account-imports/{}", sent.json()["id"].as_str().unwrap())
        };
        let bad = upload(&[
            ["wang.wu", "王五", "13800138000", "", "street_centre", code, ""],
            ["admin", "别人", "", "", "", "", ""],
            ["李", "", "12", "999999", "皇帝", "", ""],
        ]).await;
        let look = admin.get(&house, &bad).await.json();
        assert_eq!((&look["preview"]["wrong"], look["preview"]["lines"].as_array().unwrap().len()), (&json!(2), 1), "{look}");
        let refused = admin.post(&house, &format!("{bad}/run"), &json!({})).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "nothing while a row is wrong: {}", refused.text());
        let wrong = admin.get(&house, &format!("{bad}/wrong.xlsx")).await;
        let wrong = linli_web::sheet::read(&wrong.bytes, "a.xlsx").unwrap();
        assert_eq!((wrong.rows.len(), wrong.headers.len()), (2, 8));
        assert_eq!(admin.send(&house, "DELETE", &bad, "", vec![], &[]).await.status, StatusCode::OK);

        let good = upload(&[
            ["wang.wu", "王五", "13800138000", "", "street_centre", code, ""],
            ["zhao.liu", "赵六", "", "371002001", "", "", ""],
            ["qian.qi", "钱七", "", "", "auditor", code, "371002"],
        ]).await;
        let made = admin.post(&house, &format!("{good}/run"), &json!({})).await;
        assert_eq!((made.status, made.json()["added"].as_i64()), (StatusCode::OK, Some(3)), "{}", made.text());
        assert_eq!(admin.post(&house, &format!("{good}/run"), &json!({})).await.status, StatusCode::CONFLICT);
        // The passwords are handed out once, and to nobody else.
        assert_eq!(officer.post(&house, &format!("{good}/passwords"), &json!({})).await.status, StatusCode::FORBIDDEN);
        let handed = admin.post(&house, &format!("{good}/passwords"), &json!({})).await.json();
        let firsts = handed["items"].as_array().unwrap();
        assert_eq!((firsts.len(), &firsts[0]["login"]), (3, &json!("wang.wu")));
        assert_eq!(admin.post(&house, &format!("{good}/passwords"), &json!({})).await.status, StatusCode::CONFLICT);
        let sealed: i64 = house.districts[0].db.read().await.unwrap()
            .scalar("SELECT count(*) FROM account_intake WHERE sheet IS NOT NULL OR passwords IS NOT NULL", vec![]).await.unwrap();
        assert_eq!(sealed, 0, "nothing of it is kept");
        let mut person = house.visit("a.example");
        assert_eq!(person.log_in("wang.wu", firsts[0]["password"].as_str().unwrap()).await.location, "/login/password");

        // The one who asks cannot grant; the officer sees what waits.
        assert_eq!(admin.get(&house, "/api/v1/post-wishes").await.status, StatusCode::FORBIDDEN);
        let wishes = officer.get(&house, "/api/v1/post-wishes").await.json();
        let wishes = wishes["items"].as_array().unwrap().clone();
        assert_eq!(wishes.iter().map(|w| w["role"].as_str().unwrap()).collect::<Vec<_>>(), ["auditor", "street_centre"], "one sheet is one moment: by log-in");
        let ids = json!({ "ids": [wishes[1]["id"], wishes[1]["id"]], "grant": true });
        let decided = officer.post(&house, "/api/v1/post-wishes", &ids).await.json();
        assert!(decided["results"][0].get("refused").is_none() && decided["results"][1].get("refused").is_some(), "{decided}");
        let refuse = json!({ "ids": [wishes[0]["id"]], "grant": false });
        assert_eq!(officer.post(&house, "/api/v1/post-wishes", &refuse).await.status, StatusCode::OK);
        let account = format!("/api/v1/accounts/{}", wishes[1]["account_id"].as_str().unwrap());
        assert_eq!(admin.get(&house, &account).await.json()["posts"][0]["role"], "street_centre");
        assert_eq!(officer.get(&house, "/api/v1/post-wishes").await.json()["items"], json!([]));
        // The same sheet once more finds everybody here.
        let again = upload(&[["wang.wu", "王五", "", "", "", "", ""]]).await;
        let look = admin.get(&house, &again).await.json();
        assert_eq!((&look["preview"]["known"], look["preview"]["lines"].as_array().unwrap().len()), (&json!(1), 0));
    }

    async fn a_wrong_reference_in_a_body_is_told_at_its_field(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let (admin, officer) = (Caller::person(&house, "admin").await, Caller::person(&house, "security").await);
        let orgs = admin.get(&house, "/api/v1/orgs?within=371002").await.json();
        let org = orgs["items"][0]["id"].clone();
        let made = admin.post(&house, "/api/v1/accounts", &json!({ "login": "wang.wu", "name": "王五", "area": "371002" })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let account = format!("/api/v1/accounts/{}", made.json()["id"].as_str().unwrap());
        let posts = format!("{account}/posts");
        let nobody = "01890000-0000-7000-8000-000000000000";
        let key = |area: &str| json!({ "name": "x", "scopes": ["case.report"], "area": area, "expires_at": "2027-06-01T00:00:00+08:00" });
        // Another district's code, and one of ours that is not there.
        for area in ["110101", "371002999"] {
            for (who, verb, path, body) in [
                (&admin, "POST", "/api/v1/accounts", json!({ "login": "li.si", "name": "李四", "area": area })),
                (&admin, "PUT", account.as_str(), json!({ "name": "王五", "area": area })),
                (&officer, "POST", posts.as_str(), json!({ "role": "auditor", "area": area, "org": org })),
                (&officer, "POST", "/api/v1/api-keys", key(area)),
                (&admin, "POST", "/api/v1/orgs", json!({ "code": "n1", "name": "某局", "kind": "部门", "area": area })),
            ] {
                let kind = "application/json";
                let told = who.send(&house, verb, path, kind, body.to_string().into_bytes(), &[]).await;
                let fields: Vec<String> = told.json()["errors"].as_array().into_iter().flatten()
                    .map(|e| e["field"].as_str().unwrap().to_owned()).collect();
                assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{verb} {path} {area}: {}", told.text());
                assert!(told.kind == "application/problem+json" && fields.contains(&"area".to_owned()), "{path}: {}", told.text());
            }
        }
        let told = async |who: &Caller, verb: &str, path: &str, body: serde_json::Value| {
            let told = who.send(&house, verb, path, "application/json", body.to_string().into_bytes(), &[]).await;
            (told.status.as_u16(), told.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
        };
        let wrong = |field: &str| (422, field.to_owned());
        assert_eq!(told(&officer, "POST", &posts, json!({ "role": "auditor", "area": "371002", "org": nobody })).await, wrong("org"));
        assert_eq!(told(&admin, "POST", "/api/v1/areas", json!({ "code": "110101001", "name": "x" })).await, wrong("code"));
        let duty = admin.get(&house, "/api/v1/duties").await.json()["items"][0]["category"].as_str().unwrap().to_owned();
        assert_eq!(told(&admin, "PUT", &format!("/api/v1/duties/{duty}"), json!({ "lead": "没有的局" })).await, wrong("lead"));
        assert_eq!(told(&admin, "POST", "/api/v1/templates", json!({ "title": "x", "body": "y", "category": "999999" })).await, wrong("category"));
        // What the address names is “not there”.
        assert_eq!(told(&admin, "PUT", "/api/v1/duties/999999", json!({ "lead": "x" })).await.0, 404);
        assert_eq!(told(&admin, "PUT", &format!("/api/v1/accounts/{nobody}"), json!({ "name": "x", "area": "371002" })).await.0, 404);
        assert_eq!(told(&officer, "POST", &format!("/api/v1/accounts/{nobody}/posts"), json!({ "role": "auditor", "area": "371002", "org": org })).await.0, 404);
    }

    async fn the_same_on_screen(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let (admin, officer) = (Caller::person(&house, "admin").await, Caller::person(&house, "security").await);
        let blank = admin.get(&house, "/admin/accounts/import/blank.xlsx").await;
        assert_eq!(linli_web::sheet::read(&blank.bytes, "a.xlsx").unwrap().headers.len(), 7);
        let refused = sent(&admin, &house, "/admin/accounts/import", &[], "x.csv", "编码,名称\n1,甲\n".as_bytes()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("登录名"), "says which column is missing");
        let rows = sheet(&[["sun.ba", "孙八", "", "", "grid_worker", "G-NONE", ""], ["li.jiu", "李九", "", "", "", "", ""]]);
        let look = sent(&admin, &house, "/admin/accounts/import", &[], "people.xlsx", &rows).await;
        let page = look.headers["location"].to_str().unwrap().to_owned();
        let shown = admin.get(&house, &page).await.text();
        assert!(shown.contains("G-NONE") && shown.contains("wrong.xlsx") && shown.contains("li.jiu"));
        assert_eq!(post(&admin, &house, &page, "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let rows = sheet(&[["li.jiu", "李九", "", "", "", "", ""]]);
        let look = sent(&admin, &house, "/admin/accounts/import", &[], "people.xlsx", &rows).await;
        let page = look.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(post(&admin, &house, &page, "").await.status, StatusCode::SEE_OTHER);
        assert!(admin.get(&house, &page).await.text().contains("/passwords"));
        let file = post(&admin, &house, &format!("{page}/passwords"), "").await;
        assert_eq!(linli_web::sheet::read(&file.bytes, "a.xlsx").unwrap().rows[0][0], "li.jiu");
        assert!(!admin.get(&house, &page).await.text().contains("/passwords"));
        assert_eq!(officer.get(&house, "/admin/posts/wanted").await.status, StatusCode::OK);
        assert_eq!(officer.get(&house, "/admin/accounts/import").await.status, StatusCode::FORBIDDEN);
    }

    async fn who_takes_the_list_along_is_written_down(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let mut admin = house.as_("a.example", "admin").await;
        for _ in 0..2 {
            let file = admin.get("/admin/accounts/export.xlsx?q=13800138000&status=active").await;
            assert_eq!(file.status, StatusCode::OK);
        }
        let sql = "SELECT detail FROM activity WHERE action = 'account.export'";
        let log: Vec<(String,)> = house.districts[0].db.read().await.unwrap().all(sql, vec![]).await.unwrap();
        assert_eq!(log.len(), 2);
        assert!(log[0].0.contains("active") && log[0].0.contains("words") && !log[0].0.contains("13800138000"), "{log:?}");
    }
}

async fn post(caller: &Caller, house: &crate::house::House, path: &str, form: &str) -> crate::call::Reply {
    let kind = "application/x-www-form-urlencoded";
    caller.send(house, "POST", path, kind, form.as_bytes().to_vec(), &[("accept", "text/html")]).await
}
