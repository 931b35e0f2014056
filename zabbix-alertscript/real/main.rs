//! rinban under a real Zabbix server: its database, its API, its sender, our media type and our programs; only the phones
//! are simulated. `real/run` installs what is missing and starts this.
//!
//! * [`place`]: a directory and processes that end with this one;
//! * [`server`]: the Zabbix server;
//! * [`office`]: what an administrator sets up in it;
//! * [`core`]: our side, and what its journals say;
//! * [`everyday`]: problem, update, recovery.

mod core;
mod everyday;
mod office;
mod place;
mod server;

use std::{env, path::PathBuf, time::Instant};

use crate::{
    core::Core,
    office::{Office, Words},
    place::Place,
    server::Zabbix,
};

/// Everything that a scenario needs.
pub(crate) struct Stage {
    // In the order in which they end.
    pub(crate) core: Core,
    pub(crate) zabbix: Zabbix,
    pub(crate) office: Office,
    pub(crate) place: Place,
}

fn main() {
    let began = Instant::now();
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let (Some(downloads), Some(programs)) = (args.next(), args.next()) else {
        panic!("usage: real DOWNLOADS PROGRAMS; see real/run");
    };
    let media_type = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("media-type.yaml");
    let place = Place::new();
    let zabbix = Zabbix::start(&place, &downloads);
    println!(
        "Zabbix {} is up after {:.1?}",
        zabbix.version,
        began.elapsed()
    );
    let mut core = Core::install(&place, &programs);
    core.start(&place);
    let office = Office::open(&zabbix, &media_type);
    for team in ["web", "ops", "mass"] {
        office.action(&zabbix, team, team, &Words::Ours);
    }
    let mut stage = Stage {
        place,
        zabbix,
        core,
        office,
    };
    let scenarios: [(&str, fn(&mut Stage)); 1] = [(
        "a problem, a phone, a key, a recovery",
        everyday::taken_by_phone,
    )];
    for (name, play) in scenarios {
        println!("{name}");
        let began = Instant::now();
        play(&mut stage);
        println!("  held, {:.1?}", began.elapsed());
    }
    stage.core.book("*").check_one_call_per_person();
    println!("all held in {:.1?}", began.elapsed());
}
