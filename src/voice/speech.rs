//! Reading text aloud: digits, host names and symbols as a person would say them, and the length that one `<Say>` takes.
//!
//! A speech engine reads `01` as "one", skips hyphens and swallows underscores, so what names something is spelled out, and what
//! counts something is left as a number:
//!
//! | text | Japanese | English |
//! |---|---|---|
//! | `web-01.example.com` | web ハイフン ゼロ イチ ドット example ドット com | web dash 0 1 dot example dot com |
//! | `192.168.1.10` | イチ キュウ ニ ドット イチ ロク ハチ ドット イチ ドット イチ ゼロ | 1 9 2 dot 1 6 8 dot 1 dot 1 0 |
//! | `95%`, `3.5GB`, `1,200` | as it stands | as it stands |
//! | `123456` | イチ ニ サン ヨン ゴ ロク | 1 2 3 4 5 6 |
//! | `DiskFull`, `read-only` | Disk Full, read only | Disk Full, read only |
//! | `2026-01-05` | 2026年1月5日 | 2026-01-05 |
//! | `https://a.example/x?y` | a ドット example | a dot example |

mod words;

use crate::roster::Language;

use words::{digit, symbol};

/// Longer runs of digits without a unit are names, not numbers.
const NUMBER_DIGITS: usize = 4;
const UNIT_LETTERS: usize = 3;

/// The text as it is to be spoken, on one line, without control characters.
pub fn readable(text: &str, language: Language) -> String {
    speak(text, language, false)
}

/// The text with every symbol and digit said, as host names are.
pub fn spelled(text: &str, language: Language) -> String {
    speak(text, language, true)
}

fn speak(text: &str, language: Language, spell: bool) -> String {
    let text = plain(text);
    let mut speech = Speaker {
        language,
        spell,
        said: String::with_capacity(text.len() * 2),
    };
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let ascii = first.is_ascii_graphic();
        let end = rest
            .find(|c: char| c.is_ascii_graphic() != ascii)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if ascii {
            speech.run(run);
        } else {
            speech.said.push_str(run);
        }
        rest = after;
    }
    squeeze(&speech.said)
}

/// Full-width letters and digits as ASCII; a blank for whatever is not spoken: control characters (of which XML forbids most),
/// what XML forbids beside them, invisible marks and line ends.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' | '％' => {
                char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c)
            }
            '\u{3000}' => ' ',
            c if is_unspoken(c) => ' ',
            c => c,
        })
        .collect()
}

/// Not spoken, or not allowed in XML 1.0 (section 2.2).
fn is_unspoken(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(
            c,
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Runs of blanks as one blank; none at the ends and before marks that end something.
fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !squeezed.is_empty() && !word.starts_with(['.', ',', ':', ';', '!', '?', ')', ']']) {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed
}

/// The text as it stands, on one line.
pub(super) fn one_line(text: &str) -> String {
    squeeze(&plain(text))
}

struct Speaker {
    language: Language,
    /// Say every symbol and digit.
    spell: bool,
    said: String,
}

impl Speaker {
    /// A run of printable ASCII.
    fn run(&mut self, run: &str) {
        if let Some(host) = host_of_url(run) {
            self.parts(host, true);
        } else if let Some((date, rest)) = split_date(run) {
            self.date(date);
            let time: &str = rest.strip_prefix('T').unwrap_or(rest);
            if !time.is_empty() {
                self.said.push(' ');
                self.run(time);
            }
        } else if is_time(run) && !self.spell {
            self.said.push_str(run);
        } else {
            self.parts(run, self.spell);
        }
    }

    fn date(&mut self, date: [&str; 3]) {
        let [year, month, day] = date;
        match self.language {
            Language::Ja => {
                let (month, day) = (month.trim_start_matches('0'), day.trim_start_matches('0'));
                self.said.push_str(&format!("{year}年{month}月{day}日"));
            }
            Language::En => self.said.push_str(&format!("{year}-{month}-{day}")),
        }
    }

    /// Cuts a run at its symbols; what is between them is said by [`Self::atom`].
    fn parts(&mut self, run: &str, spell: bool) {
        let mut start = 0;
        for (at, c) in run.char_indices() {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ',' | '%' | '\'') {
                continue;
            }
            self.trimmed_atom(&run[start..at], spell);
            self.separator(c, &run[at + 1..]);
            start = at + 1;
        }
        self.trimmed_atom(&run[start..], spell);
    }

    /// A symbol with a name is said, unless it ends the run as a colon does before a blank.
    fn separator(&mut self, c: char, after: &str) {
        match symbol(c, self.language) {
            Some(name) if !(c == ':' && after.is_empty()) => self.word(name),
            _ => self.said.push(c),
        }
    }

    /// Sets punctuation at the ends apart: a full stop is no "dot".
    fn trimmed_atom(&mut self, atom: &str, spell: bool) {
        let body = atom.trim_end_matches(['.', ',', '\'', '-']);
        let tail = &atom[body.len()..];
        let core = body.trim_start_matches(['.', ',', '\'']);
        if core.is_empty() {
            // A lone dash is a pause.
            self.said.push_str(if tail == "-" { ", " } else { tail });
            return;
        }
        self.atom(core, spell);
        self.said.push_str(tail.trim_end_matches('-'));
    }

    /// Letters, digits, hyphens, dots, commas and per cent, with a letter or digit at the end.
    fn atom(&mut self, atom: &str, spell: bool) {
        let letters_only = atom
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"-'".contains(&byte));
        if !spell && is_quantity(atom) {
            self.quantity(atom);
        } else if !spell && letters_only {
            for part in atom.split('-').filter(|part| !part.is_empty()) {
                self.camel(part);
            }
        } else {
            self.spell(atom);
        }
    }

    fn quantity(&mut self, atom: &str) {
        match atom.strip_prefix('-') {
            Some(amount) => {
                self.word(match self.language {
                    Language::Ja => "マイナス",
                    Language::En => "minus",
                });
                self.said.push_str(amount);
            }
            None => self.said.push_str(atom),
        }
    }

    fn spell(&mut self, atom: &str) {
        let mut rest = atom;
        while let Some(first) = rest.chars().next() {
            let letters = rest
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            if letters > 0 {
                self.camel(&rest[..letters]);
                rest = &rest[letters..];
                continue;
            }
            match digit(first, self.language).or_else(|| symbol(first, self.language)) {
                Some(name) => self.word(name),
                None => self.said.push(first),
            }
            rest = &rest[1..];
        }
    }

    /// A word of letters, with a blank before each capital that begins a word in it.
    fn camel(&mut self, word: &str) {
        self.blank();
        let letters = word.as_bytes();
        for (at, &letter) in letters.iter().enumerate() {
            let after_small = at > 0 && letters[at - 1].is_ascii_lowercase();
            let before_small = letters.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let after_capital = at > 1 && letters[at - 1].is_ascii_uppercase();
            // `CPULoad`, `DiskFull`; but `IDs` is one word.
            let begins = letter.is_ascii_uppercase()
                && (after_small
                    || (after_capital && before_small && letters.get(at + 1..) != Some(b"s")));
            if begins {
                self.said.push(' ');
            }
            self.said.push(char::from(letter));
        }
        self.said.push(' ');
    }

    /// A word with blanks around it.
    fn word(&mut self, word: &str) {
        self.blank();
        self.said.push_str(word);
        self.said.push(' ');
    }

    /// A blank, unless the text has just begun or an ASCII mark opens a bracket.
    fn blank(&mut self) {
        if !self.said.is_empty() && !self.said.ends_with([' ', '(', '[', '"', '\'']) {
            self.said.push(' ');
        }
    }
}

/// A number that counts: `95`, `-3`, `99.9%`, `1,200`, `3.5GB`. `007`, `1.2.3` and `123456` are names.
fn is_quantity(atom: &str) -> bool {
    let amount = atom.strip_prefix('-').unwrap_or(atom);
    let digits_end = amount
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .unwrap_or(amount.len());
    let (number, unit) = amount.split_at(digits_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let unit_fits = unit == "%"
        || (unit.len() <= UNIT_LETTERS && unit.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let grouped = whole.contains(',');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let groups = whole
        .split(',')
        .enumerate()
        .all(|(at, group)| !group.is_empty() && digits(group) && (at == 0 || group.len() == 3));
    let named = whole.len() > 1 && whole.starts_with('0');
    groups
        && digits(fraction)
        && unit_fits
        && !named
        && (grouped || !unit.is_empty() || whole.len() <= NUMBER_DIGITS)
}

/// `12:34` or `12:34:56`, perhaps with a `Z`.
fn is_time(run: &str) -> bool {
    let pieces: Vec<&str> = run.trim_end_matches('Z').split(':').collect();
    matches!(pieces.len(), 2 | 3)
        && pieces.iter().enumerate().all(|(at, piece)| {
            let fits = piece.len() == 2 || (at == 0 && piece.len() == 1);
            fits && piece.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Splits `2026-01-05` or `2026/01/05` from the front of a run, if it ends there or a time follows.
fn split_date(run: &str) -> Option<([&str; 3], &str)> {
    let (date, rest) = run.split_at_checked(10)?;
    let separator = date.get(4..5).filter(|&mark| mark == "-" || mark == "/")?;
    let mut pieces = date.split(separator);
    let date = [pieces.next()?, pieces.next()?, pieces.next()?];
    let digits =
        |text: &&str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(&date[0], 4)
        && digits(&date[1], 2)
        && digits(&date[2], 2)
        && pieces.next().is_none()
        && ("01"..="12").contains(&date[1])
        && ("01"..="31").contains(&date[2]);
    let ends = rest.bytes().next().is_none_or(|byte| {
        byte == b'T' || !byte.is_ascii_alphanumeric() && byte != b'-' && byte != b'/'
    });
    (fits && ends).then_some((date, rest))
}

/// The host of an `http(s)://` URL; nobody can use the rest by ear.
fn host_of_url(run: &str) -> Option<&str> {
    let at = run.find("http://").or_else(|| run.find("https://"))?;
    let after = run[at..].split_once("://")?.1;
    let authority = after.split(['/', '?', '#', ')', '>', '"', ',']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

/// Characters that one `<Say>` with a Polly voice takes (Twilio: Say, error 13521).
const SAY_CHARS: usize = 3_000;
/// Characters of that text once it is URL-encoded (same source); a kana or kanji makes nine.
const SAY_ENCODED: usize = 4_500;

/// The text as it fits into one `<Say>`; if it had to be cut, it says so at its end.
pub(super) fn fit(text: &str, language: Language) -> String {
    fit_into(text, language, SAY_CHARS, SAY_ENCODED)
}

/// The same for another limit of characters, as they stand and as they are once URL-encoded.
pub(super) fn fit_into(
    text: &str,
    language: Language,
    max_chars: usize,
    max_encoded: usize,
) -> String {
    if encoded_len(text) <= max_encoded && text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let more = match language {
        Language::Ja => "。以下、省略します。",
        Language::En => " ... and more.",
    };
    let (mut chars, mut encoded) = (more.chars().count(), encoded_len(more));
    let mut end = 0;
    for (at, c) in text.char_indices() {
        chars += 1;
        encoded += encoded_len(c.encode_utf8(&mut [0; 4]));
        if chars > max_chars || encoded > max_encoded {
            break;
        }
        end = at + c.len_utf8();
    }
    let kept = text[..end].trim_end_matches(['。', '、', '.', ',', ' ']);
    format!("{kept}{more}")
}

/// The language of the voice that can say a text: an English voice passes over kana and kanji, a Japanese one reads English.
pub(super) fn spoken_in(text: &str, language: Language) -> Language {
    let is_japanese = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '々');
    if text.contains(is_japanese) {
        Language::Ja
    } else {
        language
    }
}

/// Characters of the percent-encoded text; blanks are taken for `%20`, the longer of their two forms.
fn encoded_len(text: &str) -> usize {
    text.bytes()
        .map(|byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            if plain { 1 } else { 3 }
        })
        .sum()
}

#[cfg(test)]
mod tests;
