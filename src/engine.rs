//! Runs escalations: inbox, timers, effects, crash recovery.

pub mod desk;
