//! conformance soak, as its users run it.
