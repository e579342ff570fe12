//! Sealed fields: what opens, what does not, and what keys outlive.

use linli_access::{
    Keyring, MIGRATIONS, Master, Purpose, Suite,
    keyring::{GRACE, normal},
};
use linli_kernel::{Ids, Timestamp, params};
use linli_store::migrate::migrate;
use linli_testkit::{Scratch, both_engines};

const NOW: Timestamp = Timestamp::from_millis(1_763_862_000_000);

async fn ring(s: &Scratch, suite: Suite, seed: u64) -> Keyring {
    migrate(&s.db, &[linli_store::MIGRATIONS, MIGRATIONS].concat(), NOW).await.unwrap();
    let master = Master::read_or_create(&s.folder.path().join("master.key"), &Ids::seeded(5)).unwrap();
    Keyring::load(&s.db, master, suite, Ids::seeded(seed), NOW).await.unwrap()
}

both_engines! {
    async fn a_field_opens_only_at_its_place(s) {
        for suite in [Suite::Aes, Suite::Sm] {
            let ring = ring(&s, suite, 1).await;
            let sealed = ring.seal(Purpose::Reporter, "case:1:phone", "13800138000".as_bytes()).unwrap();
            assert!(!sealed.windows(4).any(|w| w == b"1380"));
            assert_eq!(&**ring.open(Purpose::Reporter, "case:1:phone", &sealed).unwrap(), b"13800138000");
            assert!(ring.open(Purpose::Reporter, "case:2:phone", &sealed).is_err());
            assert!(ring.open(Purpose::Staff, "case:1:phone", &sealed).is_err());
            for at in 0..sealed.len() {
                let mut bent = sealed.clone();
                bent[at] ^= 1;
                assert!(ring.open(Purpose::Reporter, "case:1:phone", &bent).is_err(), "byte {at}");
                assert!(ring.open(Purpose::Reporter, "case:1:phone", &sealed[..at]).is_err(), "cut at {at}");
            }
        }
    }

    async fn keys_survive_a_restart_and_a_rotation(s) {
        let ring1 = ring(&s, Suite::Aes, 1).await;
        let old = ring1.seal(Purpose::Staff, "p", b"before").unwrap();
        let found = ring1.lookup(Purpose::Staff, "13800138000").unwrap();

        // The configuration moves to the national suite: old fields still open, new ones use it.
        let ring2 = ring(&s, Suite::Sm, 2).await;
        let mut tx = s.db.begin().await.unwrap();
        ring2.rotate(&mut tx, Purpose::Staff, NOW).await.unwrap();
        tx.commit().await.unwrap();
        // A process that has it does not seal with it while another may not have it yet.
        ring2.reload(&mut s.db.read().await.unwrap(), NOW).await.unwrap();
        let early = ring2.seal(Purpose::Staff, "p", b"early").unwrap();
        assert_eq!(&**ring1.open(Purpose::Staff, "p", &early).unwrap(), b"early");
        ring1.reload(&mut s.db.read().await.unwrap(), NOW).await.unwrap();
        let later = NOW.plus(GRACE);
        ring2.reload(&mut s.db.read().await.unwrap(), later).await.unwrap();
        let new = ring2.seal(Purpose::Staff, "p", b"after").unwrap();
        assert_ne!(old[1..5], new[1..5], "a new key seals");
        assert_eq!(&**ring2.open(Purpose::Staff, "p", &old).unwrap(), b"before");
        assert_eq!(&**ring2.open(Purpose::Staff, "p", &new).unwrap(), b"after");
        assert_eq!(ring2.lookup(Purpose::Staff, "13800138000").unwrap(), found);
        // The other process has taken the key in meanwhile.
        assert_eq!(&**ring1.open(Purpose::Staff, "p", &new).unwrap(), b"after");
    }

    async fn the_master_key_can_be_replaced(s) {
        let sealed = ring(&s, Suite::Aes, 1).await.seal(Purpose::Staff, "p", b"kept").unwrap();
        let path = s.folder.path().join("master.key");
        let old = std::fs::read_to_string(&path).unwrap();
        let other = s.folder.path().join("other.key");
        Master::create(&other, &Ids::seeded(99)).unwrap();
        let new = std::fs::read_to_string(&other).unwrap();

        // Only another key: the database says which one it misses.
        let load = |path: std::path::PathBuf| {
            let db = s.db.clone();
            async move { Keyring::load(&db, Master::read(&path).unwrap(), Suite::Aes, Ids::seeded(3), NOW).await }
        };
        let error = load(other.clone()).await.unwrap_err().to_string();
        assert!(error.contains("which the key file does not hold"), "{error}");

        let running = load(path.clone()).await.unwrap();
        std::fs::write(&path, format!("{new}{old}")).unwrap();
        let both = load(path).await.unwrap();
        let mut tx = s.db.begin().await.unwrap();
        assert_eq!(both.rewrap(&mut tx).await.unwrap(), 2 * Purpose::ALL.len());
        assert_eq!(both.rewrap(&mut tx).await.unwrap(), 0);
        tx.commit().await.unwrap();
        // A process that runs reads the file again when it has to.
        running.reload(&mut s.db.read().await.unwrap(), NOW).await.unwrap();
        assert_eq!(&**running.open(Purpose::Staff, "p", &sealed).unwrap(), b"kept");
        let only_new = load(other).await.unwrap();
        assert_eq!(&**only_new.open(Purpose::Staff, "p", &sealed).unwrap(), b"kept");
    }

    async fn a_repeating_random_source_never_reuses_a_nonce_for_another_text(s) {
        let (a, b) = (ring(&s, Suite::Aes, 42).await, ring(&s, Suite::Aes, 42).await);
        let nonce = |ring: &Keyring, text: &str| {
            ring.seal(Purpose::Staff, "p", text.as_bytes()).unwrap()[5..17].to_vec()
        };
        assert_ne!(nonce(&a, "one"), nonce(&b, "two"));
        assert_ne!(nonce(&a, "one"), nonce(&a, "one"));
    }

    async fn a_wrapped_key_moved_to_another_purpose_does_not_open(s) {
        ring(&s, Suite::Aes, 1).await;
        let mut tx = s.db.begin().await.unwrap();
        let sql = "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key d WHERE d.purpose = $1 AND d.kind = 'data')
                   WHERE purpose = $2 AND kind = 'data'";
        assert_eq!(tx.execute(sql, params![Purpose::Staff, Purpose::Resident]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let master = Master::read(&s.folder.path().join("master.key")).unwrap();
        assert!(Keyring::load(&s.db, master, Suite::Aes, Ids::seeded(8), NOW).await.is_err());
    }

    async fn a_number_is_found_however_it_was_typed(s) {
        let ring = ring(&s, Suite::Sm, 1).await;
        let hash = |text: &str| ring.lookup(Purpose::Reporter, text).unwrap();
        for same in ["138 0013 8000", "+86 138-0013-8000", "008613800138000", "１３８００１３８０００", "(138)00138000"] {
            assert_eq!(hash(same), hash("13800138000"), "{same}");
        }
        assert_ne!(hash("13800138001"), hash("13800138000"));
        assert_ne!(ring.lookup(Purpose::Staff, "13800138000").unwrap(), hash("13800138000"));
        assert_eq!(normal("11010519491231002x"), "11010519491231002X");
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    let master = Master::create(&path, &Ids::seeded(1)).unwrap();
    assert_eq!(format!("{master:?}"), "Master(1 keys)");
}
