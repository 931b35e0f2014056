//! The arms of conditionals, of which only one is rendered.

use std::ops::Range;

use super::{
    PLACEHOLDER,
    tags::{Role, Tag},
};

/// The conditionals of a text that have several arms.
#[derive(Debug, Default)]
pub(super) struct Arms {
    conditionals: Vec<Conditional>,
}

/// Where the arms of one conditional lie, the tags between them left out.
#[derive(Debug)]
struct Conditional {
    arms: Vec<Range<usize>>,
}

/// A conditional whose end has not come yet.
struct Open {
    arms: Vec<Range<usize>>,
    /// Where the arm began that is open.
    start: usize,
    /// Whether something but blanks can stand in it: nothing stands between `case` and the first `when`.
    is_choice: bool,
}

impl Arms {
    pub(super) fn of(tags: &[Tag]) -> Self {
        let mut open: Vec<Open> = Vec::new();
        let mut conditionals = Vec::new();
        for tag in tags {
            match tag.role {
                Role::Open | Role::Choice => {
                    open.push(Open {
                        arms: Vec::new(),
                        start: tag.end,
                        is_choice: tag.role == Role::Choice,
                    });
                }
                Role::Middle => {
                    if let Some(innermost) = open.last_mut() {
                        if !std::mem::take(&mut innermost.is_choice) {
                            innermost.arms.push(innermost.start..tag.start);
                        }
                        innermost.start = tag.end;
                    }
                }
                Role::Close => {
                    if let Some(mut done) = open.pop() {
                        done.arms.push(done.start..tag.start);
                        if done.arms.len() > 1 {
                            conditionals.push(Conditional { arms: done.arms });
                        }
                    }
                }
                Role::Output | Role::Control => {}
            }
        }
        Self { conditionals }
    }

    /// All arms but the first of each.
    pub(super) fn later(&self) -> impl Iterator<Item = &Range<usize>> {
        self.conditionals
            .iter()
            .flat_map(|conditional| &conditional.arms[1..])
    }

    /// All arms but the last of each.
    pub(super) fn earlier(&self) -> impl Iterator<Item = &Range<usize>> {
        self.conditionals
            .iter()
            .flat_map(|conditional| &conditional.arms[..conditional.arms.len() - 1])
    }

    /// The masked text without some arms, or `None` if there are none at all.
    pub(super) fn without<'r>(
        &self,
        masked: &str,
        arms: impl Iterator<Item = &'r Range<usize>>,
    ) -> Option<String> {
        if self.conditionals.is_empty() {
            return None;
        }
        let mut bytes = masked.as_bytes().to_vec();
        for arm in arms {
            // Placeholders stay: they stand for whatever is rendered there, in texts and values.
            for byte in bytes[arm.clone()]
                .iter_mut()
                .filter(|byte| **byte != PLACEHOLDER as u8)
            {
                *byte = b' ';
            }
        }
        String::from_utf8(bytes).ok()
    }
}
