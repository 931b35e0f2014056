//! Writes what there is to say about many files on all processors, in the order of the files.

use std::{
    io::{self, Write},
    thread,
};

/// So many files are written by one thread at a time; fewer take less time than starting a second thread.
const PART: usize = 256;

/// Writes each of the items, with as many parts at a time in memory as there are processors.
pub(super) fn write<T: Sync>(
    items: &[T],
    out: &mut dyn Write,
    one: impl Fn(&T, &mut dyn Write) -> io::Result<()> + Sync,
) -> io::Result<()> {
    if items.len() <= PART {
        return items.iter().try_for_each(|item| one(item, out));
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let written = |part: &[T]| -> io::Result<Vec<u8>> {
        let mut buffer = Vec::new();
        part.iter().try_for_each(|item| one(item, &mut buffer))?;
        Ok(buffer)
    };
    for parts in items.chunks(PART * processors) {
        let buffers = thread::scope(|scope| {
            let parts = parts.chunks(PART);
            let threads: Vec<_> = parts.map(|part| scope.spawn(|| written(part))).collect();
            let buffers = threads.into_iter().map(|thread| {
                let buffer = thread.join();
                buffer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            buffers.collect::<io::Result<Vec<_>>>()
        })?;
        for buffer in buffers {
            out.write_all(&buffer)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_are_written_in_their_order() {
        for count in [0, 1, PART, PART + 1, 10 * PART + 7] {
            let items: Vec<usize> = (0..count).collect();
            let mut out = Vec::new();
            write(&items, &mut out, |item, out| writeln!(out, "{item}")).expect("room");
            let expected: String = items.iter().map(|item| format!("{item}\n")).collect();
            assert!(out == expected.as_bytes(), "{count}");
        }
    }

    #[test]
    fn an_error_ends_the_writing() {
        let one = |item: &usize, _: &mut dyn Write| match item {
            700 => Err(io::Error::other("full")),
            _ => Ok(()),
        };
        let items: Vec<usize> = (0..1000).collect();
        assert!(write(&items, &mut Vec::new(), one).is_err());
    }
}
