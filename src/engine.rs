//! Runs escalations: inbox, timers, effects, crash recovery.
