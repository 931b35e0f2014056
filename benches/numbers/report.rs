//! The table that a run ends with.

use std::fmt::Write;

/// One line of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) reference: String,
    pub(crate) ours: String,
    pub(crate) ratio: String,
    pub(crate) goal: String,
    /// Nothing for what is only context, or could not be measured here.
    pub(crate) met: Option<bool>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    pub(crate) fn reference(self, reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            ..self
        }
    }

    pub(crate) fn ours(self, ours: impl Into<String>) -> Self {
        Self {
            ours: ours.into(),
            ..self
        }
    }

    /// The ratio is to be at most this.
    pub(crate) fn at_most(self, ratio: f64, goal: f64) -> Self {
        Self {
            ratio: format!("{ratio:.2}"),
            goal: format!("<= {goal}"),
            met: Some(ratio <= goal),
            ..self
        }
    }

    /// The ratio is to be at least this.
    pub(crate) fn at_least(self, ratio: f64, goal: f64) -> Self {
        Self {
            ratio: format!("{ratio:.2}"),
            goal: format!(">= {goal}"),
            met: Some(ratio >= goal),
            ..self
        }
    }

    /// The ratio as context, without a goal of its own.
    pub(crate) fn ratio(self, ratio: f64) -> Self {
        Self {
            ratio: format!("{ratio:.2}"),
            ..self
        }
    }

    /// A goal without a reference.
    pub(crate) fn absolute(self, goal: impl Into<String>, met: bool) -> Self {
        Self {
            goal: goal.into(),
            met: Some(met),
            ..self
        }
    }

    fn cells(&self) -> [&str; 6] {
        let met = match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        [
            &self.what,
            &self.reference,
            &self.ours,
            &self.ratio,
            &self.goal,
            met,
        ]
    }
}

/// All rows, each column as wide as its widest cell.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = ["what", "reference", "ours", "ratio", "goal", "met"];
    let lines: Vec<[&str; 6]> = std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut table = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(table, "{cell:width$}  ");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    table
}

/// Milliseconds, for a cell.
pub(crate) fn ms(seconds: f64) -> String {
    format!("{:.3} ms", seconds * 1e3)
}

/// A rate, for a cell.
pub(crate) fn per_second(rate: f64) -> String {
    format!("{rate:.0} /s")
}
