//! `linli demo`: the synthetic district with its people and half a year of cases.

mod cases;
mod codes;
mod homes;
mod land;
mod meetings;
mod people;
mod rest;

use std::{io::IsTerminal, sync::Arc, time::Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linli_demo::Plan;
use linli_grid::AtlasPort;
use linli_store::District;

use self::rest::{Piece, Rest};
pub(crate) use self::rest::{Plans, handlers};
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
    /// Write only land and people; the server that starts next brings in cases and homes while it serves.
    #[arg(long)]
    later: bool,
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
            fill(&district, args.scale, args.seed, args.later).await?;
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

/// Fills an empty district; with `later` it leaves cases and homes to the server.
pub async fn fill(district: &Arc<District>, scale: f64, seed: u64, later: bool) -> Done {
    let began = Instant::now();
    let now = district.clock.now();
    let plan: Plan = linli_demo::plan(seed, scale, now)?;
    land::write(district, &plan).await?;
    people::write(district, &plan).await?;
    let seconds = || began.elapsed().as_secs_f64();
    println!("{}: land and people after {:.1} s", district.name, seconds());
    if later {
        let mut op = district.op("demo").await?;
        Rest { seed, scale, now, next: Piece::FIRST }.owe(&mut op).await?;
        op.commit().await?;
        println!("{}: {} cases and the homes come in while it serves", district.name, plan.case_count());
        return Ok(());
    }
    let bar = progress(plan.case_count() + plan.district.grids().count() as u64);
    let told = |piece| match piece {
        Piece::Cases(nth) => bar.set_position(nth),
        Piece::Homes(nth) => bar.set_position(plan.case_count() + nth as u64),
        Piece::Codes | Piece::Meetings(_) => {}
    };
    rest::all(district, &plan, told).await?;
    bar.finish_and_clear();
    println!("{}: {} cases and the homes after {:.1} s", district.name, plan.case_count(), seconds());
    linli_insight::events::catch_all(district).await?;
    println!("{}: read what people wrote after {:.1} s", district.name, seconds());
    Ok(())
}

fn progress(count: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(count), target);
    bar.set_style(ProgressStyle::default_bar());
    bar
}
