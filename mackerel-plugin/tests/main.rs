//! The plugin as mackerel-agent runs it.

mod agent;
mod as_the_agent_runs_it;
mod check;
mod contract;
#[path = "../../tests/support/installation.rs"]
mod installation;
mod metrics;
mod no_core;
mod notify;
mod notify_storm;
