//! rinban (輪番, taking turns on duty) phones the people on call, one after another, until somebody answers and
//! takes the alert. This library is the escalation core; in reading order:
//!
//! * [`alert`]: what monitors say, and what it adds up to;
//! * [`roster`]: who is on call, in which order, at a moment in time;
//! * [`escalation`]: the pure state machine that decides who is called next;
//! * [`handoff`]: how a plugin hands an event over so that it cannot be lost;
//! * [`voice`]: what the phone says, webhook signatures, the URLs that we hand out;
//! * [`heartbeat`]: when the silence of a monitor is a problem;
//! * [`simulator`]: the phone network in one process;
//! * [`dispatch`]: which provider carries a call;
//! * [`notice`]: telling people who read;
//! * [`monitor`]: the APIs of Zabbix and Mackerel, written to and read;
//! * [`provider`]: the carriers;
//! * [`store`]: the journal and all state;
//! * [`config`]: the TOML file;
//! * [`engine`]: runs it all;
//! * [`server`]: the rim towards HTTP;
//! * [`node`]: a running core, all of it wired together;
//! * [`cli`]: the commands;
//! * [`plugin`]: what every plugin needs of the core.

pub mod alert;
pub mod cli;
pub mod config;
pub mod dispatch;
pub mod engine;
pub mod escalation;
pub mod handoff;
pub mod heartbeat;
pub mod monitor;
pub mod node;
pub mod notice;
pub mod plugin;
pub mod provider;
mod regular_file;
pub mod roster;
pub mod server;
pub mod simulator;
pub mod store;
pub mod voice;
