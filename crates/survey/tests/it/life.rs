//! A form's life: read, published, changed, withdrawn, exported; and who may.

use axum::http::StatusCode;
use linli_forms::Code;
use linli_kernel::Role;
use linli_store::op::Language;
use linli_testkit::both_engines;
use linli_web::Catalog;

use crate::house::{
    COMMUNITY, Pages, Part, district, number, person, pets, published, secretary, workbook, worker,
};

#[test]
fn every_mistake_has_its_sentence() {
    let files: Vec<_> = crate::house::manifests().iter().flat_map(|m| m.locales).copied().collect();
    let catalog = Catalog::new(&files).unwrap();
    for language in [Language::Chinese, Language::English] {
        for code in Code::ALL {
            let key = format!("survey-problem-{}", code.word());
            assert!(catalog.keys(language).contains(&key), "{key} in {language}");
        }
    }
}

both_engines! {
    async fn a_wrong_file_is_explained_and_not_kept(db) {
        let d = district(&db).await;
        let desk = Pages::new(&d, secretary());
        let file = workbook(
            &["type|name|label|relevant", "text|a b|甲|", "txet|b|乙|", "text|c|丙|${d} = 1"],
            &["list_name|name|label"],
            &["form_id", "x"],
        );
        let parts = [Part("area", None, COMMUNITY.as_bytes()), Part("file", Some("x.xlsx"), &file)];
        let refused = desk.send("/surveys", &parts, None).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        for part in ["“a b”", "“txet”", "“d”", ">survey<", ">B name<", "必须改"] {
            assert!(refused.text.contains(part), "{part} in {}", refused.text);
        }
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey").await, 0);
        let junk = [Part("area", None, COMMUNITY.as_bytes()), Part("file", Some("x.xlsx"), b"no table")];
        assert_eq!(desk.send("/surveys", &junk, None).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_form_is_published_changed_and_withdrawn(db) {
        let d = district(&db).await;
        let (desk, field) = (Pages::new(&d, secretary()), Pages::new(&d, worker()));
        let (address, _) = published(&d).await;
        let page = desk.get(&address).await;
        assert!(page.text.contains("宠物登记") && page.text.contains("正在用") && page.text.contains("为什么不养"));
        assert!(field.get("/surveys").await.text.contains("宠物登记"));
        assert!(field.get("/surveys/for").await.text.contains("宠物登记"));
        // The same version again is refused; another is kept and not asked until it is published.
        let again = pets("1");
        let same = desk.send(&format!("{address}/versions"), &[Part("file", Some("x.xlsx"), &again)], None).await;
        assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(same.text.contains("已经有版本“1”"), "{}", same.text);
        let next = pets("2");
        let kept = desk.send(&format!("{address}/versions"), &[Part("file", Some("x.xlsx"), &next)], None).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_version WHERE published_at IS NOT NULL").await, 1);
        // A file of another form is no version of this one.
        let other = workbook(&["type|name|label", "text|a|A"], &["list_name|name|label"], &["form_id", "other"]);
        let other = desk.send(&format!("{address}/versions"), &[Part("file", Some("x.xlsx"), &other)], None).await;
        assert!(other.status == StatusCode::UNPROCESSABLE_ENTITY && other.text.contains("“pets”"));
        let gone = desk.post(&format!("{address}/withdraw")).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER);
        assert!(!field.get("/surveys/for").await.text.contains("宠物登记"));
        assert_eq!(field.get(&format!("{address}/fill")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(desk.post(&format!("{address}/withdraw")).await.status, StatusCode::CONFLICT);
        let acts = number(&d, "SELECT COUNT(*) FROM activity WHERE subject = 'survey'").await;
        assert_eq!(acts, 4, "two versions, one publication, one withdrawal");
    }

    async fn who_may_not_does_not(db) {
        let d = district(&db).await;
        let (address, version) = published(&d).await;
        let field = Pages::new(&d, worker());
        for path in [format!("{address}/withdraw"), format!("{address}/versions/{version}/publish")] {
            assert_eq!(field.post(&path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(field.get(&format!("{address}/answers.xlsx")).await.status, StatusCode::FORBIDDEN);
        // Another community sees nothing of it, cannot take its id, and cannot touch it.
        let other = Pages::new(&d, person(Role::CommunitySecretary, "371002002001"));
        assert!(!other.get("/surveys").await.text.contains("宠物登记"));
        assert_eq!(other.get(&address).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.post(&format!("{address}/withdraw")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.get(&format!("{address}/answers.xlsx")).await.status, StatusCode::NOT_FOUND);
        let file = pets("9");
        let parts = [Part("area", None, b"371002002001"), Part("file", Some("x.xlsx"), &file)];
        let taken = other.send("/surveys", &parts, None).await;
        assert!(taken.status == StatusCode::UNPROCESSABLE_ENTITY && taken.text.contains("已被别处使用"));
        let away = Pages::new(&d, person(Role::GridWorker, "371002002001001"));
        assert_eq!(away.get(&format!("{address}/fill")).await.status, StatusCode::NOT_FOUND);
        // Its street sees it and may withdraw it.
        let street = Pages::new(&d, person(Role::StreetCentre, "371002001"));
        assert_eq!(street.post(&format!("{address}/withdraw")).await.status, StatusCode::SEE_OTHER);
    }
}
