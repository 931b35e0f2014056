//! The plugin as mackerel-agent runs it.

mod as_the_agent_runs_it;
mod check;
mod metrics;
mod notify;
