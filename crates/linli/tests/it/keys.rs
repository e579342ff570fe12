//! What the operator changes from the command line while processes serve: keys, and the wait of a log-in name.

use std::time::Duration;

use axum::http::StatusCode;
use linli::cmd::demo::PASSWORD;
use linli_access::{Access, Purpose, keyring::care};
use linli_kernel::{Clock, params};
use linli_store::District;
use linli_testkit::both_engines;

use crate::{
    house::{house, opened},
    program::Program,
};

const PLACE: &str = "case:1:phone";

fn seal(d: &District, text: &[u8]) -> Vec<u8> {
    d.port::<Access>().unwrap().keyring.seal(Purpose::Reporter, PLACE, text).unwrap()
}

fn open(d: &District, sealed: &[u8]) -> Vec<u8> {
    d.port::<Access>().unwrap().keyring.open(Purpose::Reporter, PLACE, sealed).unwrap().to_vec()
}

async fn logged(d: &District, action: &str) -> i64 {
    let sql = "SELECT count(*) FROM activity WHERE action = $1";
    d.db.read().await.unwrap().scalar(sql, params![action.to_owned()]).await.unwrap()
}

both_engines! {
    async fn keys_are_changed_while_two_processes_serve(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let one = &house.districts[0];
        let two = opened(&db, "a", 2, false).await;
        let before = seal(one, b"before");
        let program = Program::of(&db);
        // A new line in front of the master key file, then the old one is taken away.
        let path = db.folder.path().join("master.key");
        let old = std::fs::read_to_string(&path).unwrap();
        let new = format!("{}\n", "5c".repeat(32));
        std::fs::write(&path, format!("{new}{old}")).unwrap();
        let said = program.run(&["keys", "rewrap"]).await.well();
        assert!(said.contains("12 keys wrapped"), "{said}");
        assert!(program.run(&["keys", "rewrap"]).await.well().contains("already"));
        for d in [one, &two] {
            care::refresh(d).await.unwrap();
            assert_eq!(open(d, &before), b"before");
        }
        std::fs::write(&path, &new).unwrap();

        program.run(&["keys", "rotate", "--purpose", "nothing"]).await.refused(&["no purpose"]);
        let said = program.run(&["keys", "rotate", "--purpose", "reporter"]).await.well();
        assert!(said.contains("new keys for reporter"), "{said}");
        // Who has the key already does not seal with it before the other has it, too.
        care::refresh(one).await.unwrap();
        let early = seal(one, b"early");
        assert_eq!((&early[1..5], open(&two, &early)), (&before[1..5], b"early".to_vec()));
        care::refresh(&two).await.unwrap();
        let later = Clock::System.now().plus(Duration::from_mins(6));
        one.clock.advance(Duration::from_millis(later.millis_since(one.clock.now()).unsigned_abs()));
        care::refresh(one).await.unwrap();
        let after = seal(one, b"after");
        assert_ne!(after[1..5], before[1..5], "the new key seals");
        for d in [one, &two] {
            assert_eq!((open(d, &after), open(d, &before)), (b"after".to_vec(), b"before".to_vec()));
        }
        assert_eq!((logged(one, "keys.rewrap").await, logged(one, "keys.rotate").await), (1, 1));
    }

    async fn a_log_in_name_is_unlocked_from_the_command_line(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut officer = house.visit("a.example");
        for _ in 0..5 {
            assert_eq!(officer.log_in("security", "Wrong-pass-1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(officer.log_in("security", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        let program = Program::of(&db);
        program.run(&["unlock", "nobody.here"]).await.refused(&["no account", "nobody.here"]);
        program.run(&["unlock", "Security"]).await.well();
        assert_eq!(officer.log_in("security", PASSWORD).await.location, "/admin");
        assert_eq!(logged(&house.districts[0], "account.unlock").await, 1);
    }
}
