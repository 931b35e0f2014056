//! What makes a finding the same one in another run, though lines above it have come or gone: its rule, the text of its line,
//! and how many like it stand before it in its file.

use std::collections::HashMap;

use twiml_lint::Finding;

use super::check::File;

/// The longest line that is kept as it is, in bytes. Of longer ones only what is marked counts, as anything in them changes.
const LINE: usize = 200;

/// A finding as it is told from others in its file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint<'r> {
    pub(crate) code: &'r str,
    pub(crate) text: &'r str,
    /// How many of the same code and text stand before it.
    pub(crate) ordinal: usize,
}

/// The fingerprints of all findings of a file, in their order.
pub(crate) fn of<'r>(file: &'r File<'_>) -> Vec<Fingerprint<'r>> {
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    let findings = file.findings().iter();
    findings
        .map(|finding| {
            let (code, text) = (finding.rule.code, text(file, finding));
            let count = seen.entry((code, text)).or_default();
            let ordinal = *count;
            *count += 1;
            Fingerprint {
                code,
                text,
                ordinal,
            }
        })
        .collect()
}

impl Fingerprint<'_> {
    /// As a number that stays the same over versions and machines (FNV-1a).
    pub(crate) fn hash(&self, path: &str) -> u64 {
        let ordinal = self.ordinal.to_string();
        let parts = [path, self.code, self.text, &ordinal];
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    }
}

/// The line of a finding without the blanks around it, or if it is long what is marked.
fn text<'r>(file: &'r File<'_>, finding: &Finding) -> &'r str {
    let Some((source, offset)) = file.report.around(finding.span.start) else {
        return "";
    };
    let inside = |place: u32| (place - offset) as usize;
    let start = source.floor_char_boundary(inside(finding.span.start));
    let near = source.floor_char_boundary(start.saturating_sub(LINE));
    let far = source.ceil_char_boundary(start + LINE);
    let line_start = match source[near..start].rfind('\n') {
        Some(newline) => Some(near + newline + 1),
        None => (near == 0).then_some(0),
    };
    let line_end = match source[start..far].find('\n') {
        Some(newline) => Some(start + newline),
        None => (far == source.len()).then_some(far),
    };
    match (line_start, line_end) {
        (Some(line_start), Some(line_end)) if line_end - line_start <= LINE => {
            source[line_start..line_end].trim()
        }
        _ => {
            let end = source.floor_char_boundary(inside(finding.span.end).min(start + LINE));
            source[start..end.max(start)].trim()
        }
    }
}
