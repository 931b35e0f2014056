//! The alertscript as Zabbix runs it, and what it makes of what Zabbix sends.

mod as_zabbix_runs_it;
mod fixtures;
mod install;
#[path = "../../tests/support/installation.rs"]
mod installation;
mod no_core;
