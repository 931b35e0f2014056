//! `conformance serve`, as its users run it: a process with flags and files, clients on one side, an application (wiremock) on the other.

mod api;
mod app;
mod calls;
mod command;
mod control;
mod faults;
mod messages;
mod stand_in;
