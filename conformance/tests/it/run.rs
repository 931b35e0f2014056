//! conformance run, as its users run it.

mod bad_input;
mod command;
mod handler;
mod http;
mod known_bad;
mod own_core;
mod placed;
mod reports;
mod tls;
