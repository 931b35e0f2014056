//! The rules, one file each, in the order of their codes: TW0 reading the file, TW1 addresses, TW2 what TwiML knows,
//! TW3 the flow of a call, TW4 what is said and how much, TW9 the linter's own comments.

macro_rules! rules {
    ($($name:ident,)*) => {
        $(pub(crate) mod $name;)*

        /// All rules, by code.
        pub static ALL: &[&Rule] = &[$(&$name::RULE,)*];
    };
}

mod flow;
mod relative;
mod speech;
#[cfg(test)]
mod tests;

use crate::rule::Rule;

rules! {
    not_well_formed,
    undecodable_text,
    content_before_declaration,
    wrong_root,
    doctype_declared,
    non_utf8_encoding,
    beyond_bounds,
    relative_play_url,
    unreachable_verb,
    gather_without_action,
    gather_without_next,
    speech_outside_gather,
    redirect_to_itself,
    no_safe_end,
    dial_too_many_numbers,
    dial_repeated_number,
    dial_mixed_nouns,
    finish_key_conflict,
    play_digits_in_gather,
    reject_not_first,
    document_too_large,
    inline_too_long,
    inline_relative_action,
    say_too_long,
    japanese_without_voice,
    voice_language_mismatch,
    long_digit_run,
    unused_suppression,
    unknown_suppression,
}

/// The rule of this code or name.
pub fn find(name: &str) -> Option<&'static Rule> {
    ALL.iter()
        .copied()
        .find(|rule| rule.code == name || rule.name == name)
}
