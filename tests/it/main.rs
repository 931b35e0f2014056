//! The binaries as their users run them: one module per topic.

mod bad_input;
mod cli_basics;
mod crash;
mod credentials;
mod demo;
mod doctor;
mod heartbeats;
mod messages;
mod monitors;
mod nights;
mod outbound_only;
mod plans;
mod providers;
mod service_manager;
mod sources;
mod support;
mod test_call;
mod tidy;
mod unstored;
mod webhooks;
