use std::io::{self, Write}; use super::Run; pub(super) fn write(_run: &Run<'_>, _out: &mut dyn Write) -> io::Result<()> { Ok(()) }
