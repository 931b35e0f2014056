//! The network as its users see it: a web server that answers with TwiML, and a client of the REST API.

mod carrying;
mod failures;
mod lost_messages;
mod messages;
mod rest;
mod storm;
mod web;
