//! Answers whose time is over are destroyed (到期销毁), with their photos.

use linli_kernel::{Result, Timestamp, params};
use linli_store::Op;

use crate::model::AnswerId;

/// Destroys at most `most` answers that came in before an instant; answers how many, and the files that they named.
pub async fn destroy(op: &mut Op, before: Timestamp, most: i64) -> Result<(u64, Vec<String>)> {
    let over: Vec<(AnswerId,)> = op
        .tx
        .all(
            "SELECT id FROM survey_answer WHERE created_at < $1 ORDER BY created_at, id LIMIT $2",
            params![before, most],
        )
        .await?;
    let mut files = Vec::new();
    for (id,) in &over {
        let photos: Vec<(String, String)> = op
            .tx
            .all("DELETE FROM survey_photo WHERE answer = $1 RETURNING blob, small", params![*id])
            .await?;
        files.extend(photos.into_iter().flat_map(|(full, small)| [full, small]));
        op.tx.execute("DELETE FROM survey_answer WHERE id = $1", params![*id]).await?;
    }
    Ok((over.len() as u64, files))
}
