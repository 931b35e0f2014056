//! The XML declaration.

use super::BLANKS;

/// Whether this may stand between `<?xml` and `?>`: version, then perhaps encoding, then perhaps standalone (productions
/// 23 to 32).
///
/// The declared encoding is not used: the text has been decoded before it came here.
pub(super) fn is_well_formed(text: &str) -> bool {
    // What nearly all documents have.
    if matches!(text, " version=\"1.0\" encoding=\"UTF-8\"") {
        return true;
    }
    let mut rest = text;
    let version = take(&mut rest, "version");
    let encoding = take(&mut rest, "encoding");
    let standalone = take(&mut rest, "standalone");
    version.is_some_and(is_version)
        && encoding.is_none_or(is_encoding)
        && standalone.is_none_or(|value| matches!(value, "yes" | "no"))
        && rest.trim_start_matches(BLANKS).is_empty()
}

/// The value of `name` if that comes next: blanks, the name, `=`, and a value in quotes.
fn take<'t>(rest: &mut &'t str, name: &str) -> Option<&'t str> {
    let skip = |text: &'t str| text.trim_start_matches(BLANKS);
    let after_blanks = skip(rest);
    if after_blanks.len() == rest.len() {
        return None;
    }
    let quoted = skip(skip(after_blanks.strip_prefix(name)?).strip_prefix('=')?);
    let mark = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, after) = quoted[1..].split_once(mark)?;
    *rest = after;
    Some(value)
}

fn is_version(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_encoding(label: &str) -> bool {
    let may_follow = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    label.starts_with(|c: char| c.is_ascii_alphabetic()) && label.bytes().all(may_follow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_as_xml_wants_them() {
        for right in [
            " version='1.0'",
            "\n version = \"1.1\"\t",
            " version='1.0' encoding='UTF-8'",
            " version='1.0' encoding='Shift_JIS' standalone='no' ",
            " version='1.0' standalone='yes'",
        ] {
            assert!(is_well_formed(right), "{right:?}");
        }
        for wrong in [
            "",
            " ",
            "version='1.0'",
            " version=1.0",
            " version='1.0",
            " version='1.0\"",
            " version='1.'",
            " version='2.0'",
            " version='1.x'",
            " Version='1.0'",
            " encoding='UTF-8'",
            " version='1.0'encoding='UTF-8'",
            " version='1.0' encoding=''",
            " version='1.0' encoding='8bit'",
            " version='1.0' standalone='no' encoding='UTF-8'",
            " version='1.0' standalone='maybe'",
            " version='1.0' version='1.0'",
            " version='1.0' x",
        ] {
            assert!(!is_well_formed(wrong), "{wrong:?}");
        }
    }
}
