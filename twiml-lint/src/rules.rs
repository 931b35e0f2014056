//! The rules, one file each, in the order of their codes: TW0 reading the file, TW1 addresses, TW2 what TwiML knows,
//! TW3 the flow of a call, TW4 what is said and how much, TW9 the linter's own comments.

macro_rules! rules {
    ($($name:ident,)*) => {
        $(pub(crate) mod $name;)*

        /// All rules, by code.
        pub static ALL: &[&Rule] = &[$(&$name::RULE,)*];
    };
}

pub(crate) mod flow;
mod nearest;
mod overrides;
pub(crate) mod query;
pub(crate) mod relative;
pub(crate) mod speech;
#[cfg(test)]
mod tests;
mod values;

use crate::rule::Rule;

rules! {
    not_well_formed,
    undecodable_text,
    content_before_declaration,
    wrong_root,
    doctype_declared,
    non_utf8_encoding,
    beyond_bounds,
    unclosed_template_tag,
    relative_play_url,
    relative_redirect_url,
    relative_media_url,
    malformed_url,
    empty_url,
    plain_http_url,
    scheme_relative_url,
    relative_callback_url,
    wrong_scheme,
    underscore_in_host,
    blanks_around_url,
    credentials_in_url,
    trailing_slash_twins,
    shared_media_url,
    mixed_urls,
    foreign_media_host,
    secret_in_query,
    phone_number_in_query,
    unknown_override,
    invalid_override,
    unknown_element,
    misplaced_element,
    unknown_attribute,
    wrong_case_element,
    wrong_case_attribute,
    invalid_value,
    value_out_of_range,
    repeated_value,
    unexpected_text,
    missing_content,
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
