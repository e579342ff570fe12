//! From a change on a page to the peer that hears of it.

use std::time::{Duration, Instant};

use linli_household::{
    exchange::{Direction, NewAgreement, Shared, agreement},
    model::Basis,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use crate::{Outcome, Row, service::Place};

const CHANGES: i64 = 40;

/// A peer that takes everything, and says when.
async fn listen(listener: TcpListener, heard: mpsc::Sender<Instant>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let heard = heard.clone();
        tokio::spawn(async move {
            let (mut seen, mut piece) = (Vec::new(), [0; 8192]);
            while let Ok(read) = stream.read(&mut piece).await {
                if read == 0 {
                    break;
                }
                seen.extend_from_slice(&piece[..read]);
                let text = String::from_utf8_lossy(&seen).to_ascii_lowercase();
                let Some(head) = text.find("\r\n\r\n") else { continue };
                let length = text
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|l| l.split('\r').next()?.parse::<usize>().ok());
                if seen.len() < head + 4 + length.unwrap_or_default() {
                    continue;
                }
                let _ = heard.send(Instant::now()).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                seen.clear();
            }
        });
    }
}

pub(crate) async fn run(place: &Place) -> Outcome<Row> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/news", listener.local_addr()?);
    let (sender, mut heard) = mpsc::channel(64);
    tokio::spawn(listen(listener, sender));
    let district = place.open().await?;
    let mut op = district.op("bench peer").await?;
    let agreement = NewAgreement {
        name: "量测".into(),
        peer: "bench".into(),
        purpose: "量测从变更到对方收到的时间".into(),
        basis: Basis::Duty,
        basis_note: "量测".into(),
        direction: Direction::Out,
        fields: Shared::ALL.to_vec(),
        areas: vec![district.area.clone()],
        trusted: false,
        ends_at: op.now.plus(Duration::from_hours(24)),
        url,
    };
    agreement::conclude(&mut op, &agreement).await?;
    op.commit().await?;
    let sql = "SELECT id, version FROM dwelling WHERE area LIKE '371002001001001' ORDER BY n DESC LIMIT $1";
    let homes: Vec<(uuid::Uuid, i64)> = district.db.read().await?.all(sql, vec![CHANGES.into()]).await?;
    district.db.close().await;
    let server = place.serve()?;
    let (mut client, cookie) = server.log_in("grid001001001").await?;
    let headers = format!("{cookie}content-type: application/x-www-form-urlencoded\r\n");
    let mut delays = Vec::new();
    for (id, version) in homes {
        while heard.try_recv().is_ok() {}
        let answer = client
            .send("POST", &format!("/homes/{id}/confirm"), &headers, &format!("version={version}"))
            .await;
        let answer = answer.map_err(|e| e.to_string())?;
        if answer.status != 303 {
            return Err(format!("confirming a home: {}", answer.status).into());
        }
        let told = Instant::now();
        let at =
            tokio::time::timeout(Duration::from_secs(30), heard.recv()).await?.ok_or("nothing was heard")?;
        delays.push(at.saturating_duration_since(told).as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    delays.sort_by(f64::total_cmp);
    let p95 = delays.get(delays.len() * 95 / 100).copied().ok_or("no delays")?;
    let middle = delays[delays.len() / 2];
    Ok(Row::at_most("a change to a subscribed peer", "p95", p95, 1_000.0)
        .unit(&format!("ms (half within {middle:.0})")))
}
