//! conformance run, as its users run it.
