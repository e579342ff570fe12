//! The words of the slice.

use linli_kernel::{AreaCode, Timestamp, text_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

linli_kernel::typed_id! {
    /// A form of a community, whatever its version.
    SurveyId;
    /// One file that was read.
    VersionId;
    /// One form that was filled in.
    AnswerId
}

text_enum! {
    /// Where a form stands.
    pub enum State {
        /// 草稿: read, not asked yet
        Draft = "draft",
        /// 已发布: asked
        Published = "published",
        /// 已撤回: not asked any more; its answers stay
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// How a filled-in form came.
    pub enum Source {
        /// 网页
        Web = "web",
        /// 离线提交
        Offline = "offline",
        /// 野外采集应用 (OpenRosa)
        OpenRosa = "openrosa",
    }
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Survey {
    /// Its id.
    pub id: SurveyId,
    /// Whose.
    pub area: AreaCode,
    /// `form_id`
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// The version that is asked.
    pub current: Option<VersionId>,
    /// Who brought it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A version, without its file.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Its form.
    pub survey: SurveyId,
    /// The how many-th.
    pub number: i64,
    /// What field apps call it.
    pub version: String,
    /// Its title.
    pub title: String,
    /// The file's name.
    pub file_name: String,
    /// The form, as JSON.
    pub definition: String,
    /// What was odd, as JSON.
    pub problems: String,
    /// How many questions it asks.
    pub questions: i64,
    /// MD5 of the XForm.
    pub md5: String,
    /// Who brought it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was first published.
    pub published_at: Option<Timestamp>,
}

/// A filled-in form, answers sealed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Answer {
    /// Its id.
    pub id: AnswerId,
    /// Its form.
    pub survey: SurveyId,
    /// The version that was asked.
    pub version: VersionId,
    /// What the device calls it.
    pub instance: String,
    /// Where.
    pub area: AreaCode,
    /// At which home.
    pub dwelling: Option<Uuid>,
    /// On which visit.
    pub visit: Option<Uuid>,
    /// How it came.
    pub source: Source,
    /// The answers.
    pub sealed: Vec<u8>,
    /// A keyed hash of what the device sent; nothing where it was not kept yet.
    pub said: Option<Vec<u8>>,
    /// What they called their home, sealed, where nobody knows it yet.
    pub named: Option<Vec<u8>>,
    /// Who asked.
    pub created_by: String,
    /// When it came.
    pub created_at: Timestamp,
}

/// A photo: two files, and the name that the answers give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Photo {
    /// The name, as the device has it; often Chinese.
    pub name: String,
    /// The picture.
    pub blob: String,
    /// The small one.
    pub small: String,
}
