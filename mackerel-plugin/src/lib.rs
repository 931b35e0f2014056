//! The Mackerel plugin of rinban. One program in three roles: the action of a check, which hands what the check found
//! over to the core; the metric plugin; and `check-rinban`, which watches the core itself. In reading order:
//!
//! * [`run`]: which role it is;
//! * [`flags`]: the command lines;
//! * [`notify`]: the action of a check;
//! * [`health`]: what the core says of itself;
//! * [`metrics`]: the metric plugin;
//! * [`check`]: the check plugin.

pub mod check;
pub mod flags;
pub mod health;
pub mod metrics;
pub mod notify;
mod output;
pub mod run;
