//! The whole system as its users have it: `rinban serve` as a process, carriers over real HTTP, their worst days, and SIGKILL at
//! any moment. It is judged from outside: by what the carriers saw, and by what `rinban journal` says.
//!
//! * `binary`: the command `rinban`, built when it is first needed;
//! * `system`: a core and its two carriers; `core`: the process; `people`: who is called;
//! * `judge`: what must hold, whatever happened;
//! * `days`, `rare`, `secrets`, `storm`: the cases.

mod binary;
mod core;
mod days;
mod http;
mod judge;
mod proxy;
mod rare;
mod secrets;
mod storm;
mod system;
