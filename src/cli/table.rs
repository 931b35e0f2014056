//! Tables for terminals.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Writes rows whose columns stand under each other, two blanks apart. Widths are those that a terminal shows: a
/// Japanese character takes two columns.
pub(super) fn write<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_script() {
        let rows = [["who", "why"], ["千恵", "祝日"], ["aya", "ﾊﾝｶｸ"], ["", "x"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        write(&mut out, &rows).expect("memory");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "who   why\n千恵  祝日\naya   ﾊﾝｶｸ\n      x\n");
    }
}
