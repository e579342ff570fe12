//! The process's log tells what happened and of whom it tells nothing: a whole journey, every level on,
//! and then the log is searched for the people in it.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use linli_testkit::both_engines;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::house::{Browser, house};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const NAME: &str = "欧阳海燕";
const PHONE: &str = "13963104477";
const WORDS: &str = "三单元门口污水井冒水";
const ADDRESS: &str = "怡园小区七号楼";

async fn found(browser: &mut Browser<'_>, path: &str) {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
}

both_engines! {
    async fn a_journey_leaves_no_person_in_the_log(s) {
        let paper = Paper::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(EnvFilter::new("debug"))
            .with_writer(paper.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        let house = house(&[(&s, "a", 1)], false).await;

        let mut resident = house.visit("a.example");
        let fields = [("text", WORDS), ("address", ADDRESS), ("name", NAME), ("phone", PHONE), ("identity", "open")];
        let told = resident.form("/report", &fields, &[]).await;
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.body);
        let token = told.location.rsplit('=').next().unwrap().to_owned();
        found(&mut resident, &told.location).await;
        found(&mut resident, &format!("/t/{token}")).await;
        resident.form("/report", &[("text", ""), ("phone", PHONE), ("name", NAME)], &[]).await;

        let mut centre = house.as_("a.example", "centre1").await;
        for path in ["/desk/cases", "/desk/triage", &format!("/desk/cases?text={PHONE}"), "/api/v1/cases", "/wall"] {
            found(&mut centre, path).await;
        }
        let id: linli_kernel::export::uuid::Uuid = house.districts[0].db.read().await.unwrap()
            .scalar("SELECT id FROM case_file WHERE body = $1", linli_kernel::params![WORDS]).await.unwrap();
        found(&mut centre, &format!("/desk/cases/{id}")).await;
        let shown = centre.post(&format!("/desk/cases/{id}/contact"), "reason=call+back").await;
        assert!(shown.body.contains(PHONE), "it was really looked at: {} {}", shown.status, shown.body);
        let wrong = house.visit("a.example").log_in(PHONE, "secret-word-of-mine").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        // The outbox carries its messages, and then the database goes away under their hands.
        let handlers = linli::wiring::handlers();
        while linli_store::worker::turn(&house.districts[0], &handlers).await.unwrap() > 0 {}
        house.districts[0].db.close().await;
        let failed = resident.form("/report", &fields, &[]).await;
        assert!(failed.status.is_server_error());

        let log = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("\"route\":\"/report\"") && log.contains("\"request\""), "it tells what happened");
        assert!(log.contains("request failed"), "and what failed");
        for secret in [NAME, PHONE, WORDS, ADDRESS, token.as_str(), "secret-word-of-mine", linli::cmd::demo::PASSWORD] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "the log holds {secret}");
        }
        for line in log.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "each line is JSON: {line}");
        }
    }
}
