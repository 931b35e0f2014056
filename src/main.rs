//! The command `rinban`.

fn main() {}
