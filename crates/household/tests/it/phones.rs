//! A phone is proven by six digits; the answer is the same whether anybody knows it.

use linli_household::claims::{self, Proof, ProofId};
use linli_testkit::both_engines;

use super::{codes::code_of, *};

async fn ask(
    d: &Arc<District>,
    code: Option<&linli_household::code::Code>,
    phone: &str,
) -> Result<claims::Asked> {
    let mut op = op(d, Actor::Public).await;
    let asked = claims::ask(&mut op, code, phone).await?;
    op.commit().await?;
    Ok(asked)
}

async fn prove(d: &Arc<District>, id: ProofId, digits: &str) -> Proof {
    let mut op = op(d, Actor::Public).await;
    let proof = claims::prove(&mut op, id, digits, "").await.unwrap();
    op.commit().await.unwrap();
    proof
}

async fn digits(d: &Arc<District>, id: ProofId) -> String {
    let access = d.port::<Access>().unwrap();
    claims::digits_of(&mut d.db.read().await.unwrap(), &access, id).await.unwrap()
}

/// Other digits than these.
fn wrong(digits: &str) -> String {
    if digits == "000000" { "000001".into() } else { "000000".into() }
}

both_engines! {
    async fn digits_prove_a_phone_for_an_hour(s) {
        let d = district(&s).await;
        let asked = ask(&d, None, " 100-0000 0001 ").await.unwrap();
        assert!(asked.first);
        let six = digits(&d, asked.id).await;
        assert!(six.len() == 6 && six.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(prove(&d, asked.id, &wrong(&six)).await, Proof::Wrong(4));
        let typed = format!(" {} {} ", &six[..3], &six[3..]);
        let Proof::Right(token) = prove(&d, asked.id, &typed).await else { panic!("with a space in the middle") };
        assert_eq!(prove(&d, asked.id, &six).await, Proof::Over, "once");
        let access = d.port::<Access>().unwrap();
        let held = async |token: &str| claims::held(&mut d.db.read().await.unwrap(), &access, token, d.clock.now()).await.unwrap();
        assert_eq!(held(&token).await.unwrap().phone, PHONE);
        assert!(held("").await.is_none() && held("abc").await.is_none());
        assert_eq!(format!("{:?}", held(&token).await.unwrap()), "100****0001", "no log tells it");
        d.clock.advance(std::time::Duration::from_mins(61));
        assert!(held(&token).await.is_none());
        let row: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT phone FROM phone_proof", vec![]).await.unwrap();
        assert!(!row.windows(6).any(|w| w == &PHONE.as_bytes()[..6]));
    }

    async fn a_channel_carries_the_digits_once_and_not_too_late(s) {
        let mut d = district(&s).await;
        let (sent, received) = std::sync::mpsc::channel();
        let channel = claims::TextMessages(Box::new(move |message| {
            let sent = sent.clone();
            Box::pin(async move { sent.send((message.phone, message.digits)).map_err(|_| Error::NotFound) })
        }));
        let own = Arc::get_mut(&mut d).unwrap();
        own.ports = std::mem::take(&mut own.ports).with(channel);
        let handlers = claims::handlers();
        let asked = ask(&d, None, PHONE).await.unwrap();
        while linli_store::worker::turn(&d, &handlers).await.unwrap() > 0 {}
        let got: Vec<_> = received.try_iter().collect();
        assert_eq!(got, [(PHONE.to_owned(), digits(&d, asked.id).await)]);
        ask(&d, None, PHONE).await.unwrap();
        d.clock.advance(std::time::Duration::from_mins(11));
        while linli_store::worker::turn(&d, &handlers).await.unwrap() > 0 {}
        assert_eq!(received.try_iter().count(), 0, "late digits help nobody");
    }

    async fn a_number_that_was_given_out_again_shows_nobody(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("欧阳·小明", ID, PHONE)).await.id;
        let proven = async |name: &str| {
            let asked = ask(&d, None, PHONE).await.unwrap();
            let digits = digits(&d, asked.id).await;
            let mut op = op(&d, Actor::Public).await;
            let Proof::Right(token) = claims::prove(&mut op, asked.id, &digits, name).await.unwrap() else { panic!("right digits") };
            op.commit().await.unwrap();
            let access = d.port::<Access>().unwrap();
            let mut conn = d.db.read().await.unwrap();
            let held = claims::held(&mut conn, &access, &token, d.clock.now()).await.unwrap().unwrap();
            let home = claims::own(&mut conn, here, Some(&held), d.clock.now()).await.unwrap().len();
            (home, linli_household::mine::people(&mut conn, &access, &held, d.clock.now()).await.unwrap().len())
        };
        assert_eq!(proven("").await, (1, 1));
        d.clock.advance(std::time::Duration::from_hours(24 * 181));
        assert_eq!(proven("").await, (0, 0), "nobody has confirmed it for half a year");
        assert_eq!(proven("李四").await, (0, 0));
        assert_eq!(proven(" 欧阳 小明 ").await, (1, 1), "who knows whose it is");
        // Somebody of ours confirms the record: the number counts by itself again.
        let mut confirmed = op(&d, worker()).await;
        app::correct_resident(&mut confirmed, id, &facts("欧阳·小明", "", PHONE), None).await.unwrap();
        confirmed.commit().await.unwrap();
        d.clock.advance(std::time::Duration::from_hours(25));
        assert_eq!(proven("").await, (1, 1));
    }

    async fn guesses_and_old_messages_count_no_more(s) {
        let d = district(&s).await;
        let id = ask(&d, None, PHONE).await.unwrap().id;
        let six = digits(&d, id).await;
        for left in [4, 3, 2, 1] {
            assert_eq!(prove(&d, id, &wrong(&six)).await, Proof::Wrong(left));
        }
        assert_eq!(prove(&d, id, "").await, Proof::Over);
        assert_eq!(prove(&d, id, &six).await, Proof::Over, "also the right ones");
        let late = ask(&d, None, PHONE).await.unwrap().id;
        let six = digits(&d, late).await;
        d.clock.advance(std::time::Duration::from_mins(10));
        assert_eq!(prove(&d, late, &six).await, Proof::Over);
        assert_eq!(prove(&d, ProofId(Uuid::from_u128(1)), "123456").await, Proof::Over, "of nothing, the same");
    }

    async fn a_phone_and_a_door_ask_so_often(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        let code = code_of(&d, here).await;
        // A phone that is registered and one that is not are told the same.
        for phone in [PHONE, "10000000077"] {
            assert!(ask(&d, Some(&code), phone).await.unwrap().first);
            for _ in 0..2 {
                assert!(!ask(&d, Some(&code), phone).await.unwrap().first);
            }
            assert_eq!(key(ask(&d, Some(&code), phone).await), "door-phone-often");
        }
        ask(&d, Some(&code), "10000000078").await.unwrap();
        ask(&d, Some(&code), "10000000079").await.unwrap();
        assert_eq!(key(ask(&d, Some(&code), "10000000080").await), "door-code-often", "eight messages an hour through one door");
        ask(&d, None, "10000000080").await.unwrap();
        d.clock.advance(std::time::Duration::from_mins(61));
        ask(&d, Some(&code), PHONE).await.unwrap();
        for _ in 0..2 {
            for _ in 0..3 {
                let _ = ask(&d, None, PHONE).await;
            }
            d.clock.advance(std::time::Duration::from_mins(11));
        }
        ask(&d, None, PHONE).await.unwrap();
        assert_eq!(key(ask(&d, None, PHONE).await), "door-phone-today");
        for bad in ["", "12345", "0631-5231234", "2000000000a"] {
            assert_eq!(key(ask(&d, None, bad).await), "door-phone-bad");
        }
    }
}
