//! Who acts: an account in its posts, an API client, the public, or the system itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AreaCode, text_enum};

crate::typed_id! {
    /// A log-in account (账号).
    AccountId;
    /// An organisation that can lead a case: grid, street section, department, centre (承办单位).
    OrgId
}

text_enum! {
    /// What a post lets its holder do; the rows of `policies/roles.toml`.
    pub enum Role {
        /// 网格员
        GridWorker = "grid_worker",
        /// 社区书记、小巷管家
        CommunitySecretary = "community_secretary",
        /// 镇街全响应中心坐席
        StreetCentre = "street_centre",
        /// 镇街领导
        StreetLeader = "street_leader",
        /// 区级全响应中心坐席
        DistrictCentre = "district_centre",
        /// 部门经办人 (standing sections and district departments)
        Department = "department",
        /// 部门负责人
        DepartmentLead = "department_lead",
        /// 12345热线专席
        Hotline = "hotline",
        /// 系统管理员
        SystemAdmin = "system_admin",
        /// 安全保密员
        SecurityOfficer = "security_officer",
        /// 安全审计员
        Auditor = "auditor",
    }
}

/// Who serves where as what (岗位): the role, the area whose prefix is the scope, and the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// What the holder may do.
    pub role: Role,
    /// Where: everything whose area code starts with this.
    pub area: AreaCode,
    /// For which organisation.
    pub org: OrgId,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A logged-in person.
    Account {
        /// The account.
        id: AccountId,
        /// The name on screen and in the activity log.
        name: String,
        /// The posts held today.
        posts: Vec<Post>,
    },
    /// Another system with a key.
    Client {
        /// The key's id.
        id: Uuid,
        /// The system's name.
        name: String,
        /// Granted actions.
        scopes: Vec<String>,
        /// Where the key counts.
        area: AreaCode,
    },
    /// Anybody with a browser.
    Public,
    /// A job of ours.
    System,
}

impl Actor {
    /// The account, if a person is logged in.
    pub fn account(&self) -> Option<AccountId> {
        if let Self::Account { id, .. } = self { Some(*id) } else { None }
    }

    /// The name for the activity log.
    pub fn name(&self) -> &str {
        match self {
            Self::Account { name, .. } | Self::Client { name, .. } => name,
            Self::Public => "public",
            Self::System => "system",
        }
    }

    /// The posts held; none for the public and systems.
    pub fn posts(&self) -> &[Post] {
        if let Self::Account { posts, .. } = self { posts } else { &[] }
    }

    /// Whether one of the posts has this role.
    pub fn is(&self, role: Role) -> bool {
        self.posts().iter().any(|p| p.role == role)
    }

    /// Whether one of the posts has this role for a place.
    pub fn serves(&self, role: Role, area: &AreaCode) -> bool {
        self.posts().iter().any(|p| p.role == role && p.area.contains(area))
    }
}
