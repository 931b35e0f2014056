//! A process that does nothing: what starting any process costs. Compiled by the benchmark itself.

fn main() {}
