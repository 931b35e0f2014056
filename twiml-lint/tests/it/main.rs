//! The library and the command as their users meet them.

mod well_formedness;
