//! The plugin as mackerel-agent runs it.

mod agent;
#[path = "../release/archive.rs"]
mod archive;
mod as_the_agent_runs_it;
mod check;
#[path = "../release/contents.rs"]
mod contents;
mod contract;
#[path = "../../tests/support/installation.rs"]
mod installation;
mod metrics;
mod mkr;
mod no_core;
mod notify;
mod notify_storm;
