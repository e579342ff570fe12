//! `linli demo`: the synthetic district with its people and half a year of cases.

mod cases;
mod homes;
mod land;
mod people;

use std::{sync::Arc, time::Instant};

use linli_demo::Plan;
use linli_grid::AtlasPort;
use linli_store::District;

use super::Done;
use crate::{config::Config, wiring};

/// Options of `linli demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Share of the real district's residents and cases: 1 is all of it (126,000 cases).
    #[arg(long, default_value_t = 0.02)]
    scale: f64,
    /// Another number, another synthetic district.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Do nothing where there are areas already (what `make run` does).
    #[arg(long)]
    if_empty: bool,
}

/// The password of every demo account.
pub const PASSWORD: &str = "linli-demo-2026";

/// Log-in names to show for each role, and what the person is.
const SHOWN: &[(&str, &str)] = &[
    ("grid001001001", "网格员 grid worker"),
    ("community001001", "社区书记 community secretary"),
    ("street001.1", "镇街全响应中心 street centre"),
    ("leader001", "镇街领导 street leader"),
    ("centre1", "区级全响应中心 district centre"),
    ("housing", "部门经办 department"),
    ("housing.lead", "部门负责人 department lead"),
    ("hotline1", "12345热线 hotline desk"),
    ("admin", "系统管理员 system administrator"),
    ("security", "安全保密员 security officer"),
    ("auditor", "安全审计员 auditor"),
];

pub(super) async fn run(config: Config, args: Args) -> Done {
    if !(args.scale > 0.0 && args.scale <= 1.0) {
        return Err("--scale must be more than 0 and at most 1".into());
    }
    for settings in &config.district {
        let district = wiring::open(&config, settings).await?;
        let atlas = district.port::<AtlasPort>()?;
        if atlas.get().areas().next().is_none() {
            fill(&district, args.scale, args.seed).await?;
        } else if !args.if_empty {
            return Err(format!(
                "{} already has areas; a demo is only made in an empty district",
                settings.name
            )
            .into());
        }
        district.db.close().await;
    }
    println!("Accounts of the demo district (password of all: {PASSWORD})");
    for (login, who) in SHOWN {
        println!("  {login:<18} {who}");
    }
    Ok(())
}

/// Fills an empty district.
pub async fn fill(district: &Arc<District>, scale: f64, seed: u64) -> Done {
    let began = Instant::now();
    let plan: Plan = linli_demo::plan(seed, scale, district.clock.now())?;
    land::write(district, &plan).await?;
    people::write(district, &plan).await?;
    println!("{}: land and people after {:.1} s", district.name, began.elapsed().as_secs_f64());
    homes::write(district, &plan).await?;
    println!("{}: homes after {:.1} s", district.name, began.elapsed().as_secs_f64());
    cases::write(district, &plan).await?;
    linli_insight::events::catch_all(district).await?;
    println!("{}: {} cases after {:.1} s", district.name, plan.case_count(), began.elapsed().as_secs_f64());
    Ok(())
}
