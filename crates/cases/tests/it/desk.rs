//! The desks as a browser without script uses them.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use linli_cases::read;
use linli_testkit::both_engines;
use tower::ServiceExt;

use super::*;

struct Seen {
    status: StatusCode,
    to: String,
    queries: String,
    html: String,
}

async fn send(d: &Arc<District>, who: &str, path: &str, form: Option<&str>) -> Seen {
    let request = Request::builder().uri(path).header("x-test-actor", who).header(header::HOST, "t");
    let request = match form {
        Some(form) => request
            .method("POST")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned())),
        None => request.body(Body::empty()),
    };
    let response = http::service(d).oneshot(request.unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let text =
        |name: &str| head.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Seen {
        status: head.status,
        to: text("location"),
        queries: text("x-query-count"),
        html: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

async fn lines(d: &Arc<District>, id: CaseId) -> usize {
    let mut conn = d.db.read().await.unwrap();
    read::timeline(&mut conn, &Scope::everything(), id).await.unwrap().len()
}

both_engines! {
    async fn one_form_dispatches_and_the_slower_one_is_told(s) {
        let d = district(&s).await;
        let id = report(&d, well()).await.id;
        let board = send(&d, "street", "/desk/triage", None).await;
        assert_eq!(board.status, StatusCode::OK);
        assert!(board.html.contains(&format!("/desk/triage/{id}")), "{}", board.html);
        let path = format!("/desk/triage/{id}");
        let form = format!("whistle=joint&category={WELL}&lead={}&idempotency_key=k1", org(WATER));
        let first = send(&d, "street", &path, Some(&form)).await;
        assert_eq!((first.status, first.to.as_str()), (StatusCode::SEE_OTHER, "/desk/triage?done=triage"));
        let before = lines(&d, id).await;
        // The same press again changes nothing.
        assert_eq!(send(&d, "street", &path, Some(&form)).await.status, StatusCode::SEE_OTHER);
        assert_eq!(lines(&d, id).await, before);
        // A colleague who decided on the old page loses no word.
        let decline = format!("/desk/cases/{id}/act/decline");
        let slow = send(&d, "street", &decline, Some("reason=no_content&note=slow-colleague-words&back=/desk/triage")).await;
        assert_eq!(slow.status, StatusCode::CONFLICT);
        assert!(slow.html.contains("slow-colleague-words"), "{}", slow.html);
    }

    async fn a_wrong_form_comes_back_as_it_was_sent(s) {
        let d = district(&s).await;
        // A lamp asks for no photo of the result; a well does, and its form says so at the field.
        let lamp = NewReport { category: Some(LAMP.into()), ..well() };
        let id = report(&d, lamp).await.id;
        triage(&d, &street(), id, joint(WATER)).await;
        for action in ["accept", "arrive"] {
            let done = send(&d, "water", &format!("/desk/cases/{id}/act/{action}"), Some("")).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{action}");
        }
        let path = format!("/desk/cases/{id}/act/resolve");
        let wrong = send(&d, "water", &path, Some("done=typed-and-kept&extent=solved")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.html.contains("typed-and-kept") && wrong.html.contains("act-resolve-reply-err"));
        assert!(!wrong.html.contains("act-resolve-photos-err"));
        let right = send(&d, "water", &path, Some("done=d&done_by=b&extent=solved&reply=r")).await;
        assert_eq!(right.to, format!("/desk/cases/{id}?done=resolve"));
        let page = send(&d, "water", &right.to, None).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.html.contains("id=\"act-resolve\""), "a finished step is no longer offered");
    }

    async fn what_lies_elsewhere_is_not_there(s) {
        let d = district(&s).await;
        let id = report(&d, well()).await.id;
        for path in [format!("/desk/cases/{id}"), format!("/desk/triage?case={id}"), format!("/desk/cases/{id}/moved?entries=1")] {
            assert_eq!(send(&d, "other_street", &path, None).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let act = send(&d, "other_street", &format!("/desk/cases/{id}/act/note"), Some("text=x")).await;
        assert_eq!(act.status, StatusCode::NOT_FOUND);
        assert!(!send(&d, "other_street", "/desk/cases", None).await.html.contains(&id.to_string()));
    }

    async fn a_number_on_the_wall_opens_what_it_counts(s) {
        let d = district(&s).await;
        report(&d, well()).await;
        let here = |area: &str, text: &str| NewReport {
            area: Some(area.parse().unwrap()), point: None, text: text.into(), ..well()
        };
        let old = report(&d, here(GRID, "十四年前的旧件")).await.id;
        report(&d, here(DISTRICT, "只知道在本区")).await;
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("UPDATE case_file SET reported_at = 1326966540000 WHERE id = $1", linli_kernel::params![old]).await.unwrap();
        tx.commit().await.unwrap();
        let wall = send(&d, "centre", "/wall/side", None).await.html;
        let row = |of: &str| {
            let item = wall.split("<li>").find(|li| li.contains(of) && li.contains("open=yes")).unwrap();
            let link = item.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
            let n = item.split("class=\"num\">").nth(1).unwrap().split(' ').next().unwrap().to_owned();
            (link, n)
        };
        let (street, n) = row(&format!("area={STREET}"));
        assert_eq!(n, "2", "the old one counts: {wall}");
        let list = send(&d, "centre", &street, None).await.html;
        assert!(list.contains("十四年前的旧件") && list.contains("污水井冒水"), "{list}");
        let (whole, n) = row(&format!("area={DISTRICT}&"));
        assert_eq!(n, "1");
        let list = send(&d, "centre", &whole, None).await.html;
        assert!(list.contains("只知道在本区") && !list.contains("污水井冒水"), "{whole}: {list}");
        let overview = send(&d, "centre", "/desk/overview", None).await.html;
        assert!(overview.contains("href=\"/wall\""));
    }

    async fn a_run_over_many_says_what_was_not_done_and_why(s) {
        let d = district(&s).await;
        let id = report(&d, well()).await.id;
        let gone = CaseId(Uuid::from_u128(404));
        let form = format!("case={id}&case={gone}&text=%E5%B7%B2%E7%9F%A5&idempotency_key=k9");
        let seen = send(&d, "street", "/desk/cases/bulk/note", Some(&form)).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.html);
        assert!(seen.html.contains("已办 1 件，1 件没有改动") && seen.html.contains(&gone.to_string()), "{}", seen.html);
        // The same press again does nothing twice.
        let before = lines(&d, id).await;
        assert_eq!(send(&d, "street", "/desk/cases/bulk/note", Some(&form)).await.status, StatusCode::SEE_OTHER);
        assert_eq!(lines(&d, id).await, before);
    }

    async fn the_number_of_a_case_leads_to_it(s) {
        let d = district(&s).await;
        let told = report(&d, well()).await;
        let path = format!("/desk/cases/{}", told.number);
        let seen = send(&d, "street", &path, None).await;
        assert_eq!((seen.status, seen.to), (StatusCode::SEE_OTHER, format!("/desk/cases/{}", told.id)));
        assert_eq!(send(&d, "other_street", &path, None).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_broken_address_is_a_page_that_is_not_there(s) {
        let d = district(&s).await;
        for path in ["/desk/cases/zzz", "/work/cases/zzz", "/desk/triage?case=zzz"] {
            let seen = send(&d, "street", path, None).await;
            assert!(!seen.html.contains("Invalid URL") && !seen.html.contains("Failed to"), "{path}: {}", seen.html);
            assert!(matches!(seen.status, StatusCode::NOT_FOUND | StatusCode::OK), "{path}: {}", seen.status);
            assert!(seen.html.contains("<html"), "{path}");
        }
    }

    async fn pages_ask_as_often_for_many_cases_as_for_one(s) {
        let d = district(&s).await;
        let paths = ["/desk/triage", "/desk/triage/bulk", "/desk/clocks", "/desk/cases", "/desk/overview", "/wall"];
        report(&d, well()).await;
        let mut few = Vec::new();
        // The first pages after a start read once what is kept: the facts of all cases, the rules.
        for path in paths {
            send(&d, "street", path, None).await;
        }
        for path in paths {
            few.push(send(&d, "street", path, None).await.queries);
        }
        for _ in 0..12 {
            report(&d, well()).await;
        }
        for (path, before) in paths.iter().zip(few) {
            let many = send(&d, "street", path, None).await;
            assert_eq!((many.status, many.queries), (StatusCode::OK, before), "{path}");
        }
    }
}
