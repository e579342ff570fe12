//! What a resident asks of their data becomes a case with a clock, and whoever works on the case hears of the answer.

use axum::http::StatusCode;
use linli_household::model::ResidentId;
use linli_kernel::{AreaCode, export::uuid::Uuid, params};
use linli_testkit::both_engines;

use crate::house::house;

const HOST: &str = "a.example";

both_engines! {
    async fn an_answer_stands_in_the_case_once(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let sql = "SELECT id, area FROM resident WHERE dwelling_id IS NOT NULL ORDER BY id LIMIT 2";
        let two: Vec<(ResidentId, AreaCode)> = d.db.read().await.unwrap().all(sql, vec![]).await.unwrap();
        for ((resident, area), (kind, answer, form, told)) in two.into_iter().zip([
            ("export", "copy/json", "", "个人信息请求已办结"),
            ("erasure", "refuse", "reason=%E6%B3%95%E5%BE%8B%E8%A6%81%E6%B1%82%E4%BF%9D%E5%AD%98", "个人信息请求不予办理"),
        ]) {
            let street = &area.as_str()[6..9];
            let mut desk = house.as_(HOST, &format!("street{street}.1")).await;
            let asked = desk.post("/homes/requests", &format!("resident={resident}&kind={kind}&note=in+person")).await;
            assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
            let sql = "SELECT case_id FROM privacy_request WHERE resident_id = $1";
            let case: Uuid = d.db.read().await.unwrap().scalar(sql, params![resident]).await.unwrap();
            let path = format!("/desk/cases/{case}");
            assert!(!desk.get(&path).await.body.contains(told), "not yet");
            for _ in 0..2 {
                desk.post(&format!("{}/{answer}", asked.location), form).await;
            }
            let page = desk.get(&path).await;
            assert_eq!(page.body.matches(told).count(), 1, "{}", page.body);
            assert!(!page.body.contains("法律要求保存"), "the reason is between them and the register");
        }
    }
}
