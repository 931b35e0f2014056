//! conformance serve, as its users run it.
