//! The library and the command as their users meet them.

mod against_quick_xml;
mod baselines;
mod configuration;
mod files;
mod fixes;
mod reports;
mod rules;
mod sarif;
mod statuses;
mod terminal;
mod tree;
mod well_formedness;
