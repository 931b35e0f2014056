//! The parameters of a request, parsed once: for the signature and for whoever handles the webhook.

use std::ops::Range;

/// The parameters of a verified request. Only [`super::SigningKeys::verify`] makes one, so whoever holds a form may act on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The body as received; where a name or value holds escapes, it is decoded in place.
    text: Vec<u8>,
    /// In the order of arrival.
    parameters: Vec<Parameter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parameter {
    name: Span,
    value: Span,
}

/// Part of a form's text. 32 bits are enough: bodies are bounded by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5.1): `+` is a blank, a broken escape stands for
    /// itself, empty values are kept, empty pieces between two `&` are not. Nothing if the text has 4 GiB or more.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut form = Self {
            text: text.to_vec(),
            parameters: Vec::with_capacity(32),
        };
        let mut start = 0;
        while start < form.text.len() {
            start = form.parse_piece(start);
        }
        Some(form)
    }

    /// Reads the parameter that begins at `start`; where the next one begins.
    fn parse_piece(&mut self, start: usize) -> usize {
        let mut equals = None;
        let mut escaped = false;
        let mut end = self.text.len();
        for (at, &byte) in self.text.iter().enumerate().skip(start) {
            // One comparison passes nearly all bytes: of the special ones only `=` lies above `&`.
            if byte > b'+' && byte != b'=' {
                continue;
            }
            match byte {
                b'&' => {
                    end = at;
                    break;
                }
                b'=' if equals.is_none() => equals = Some(at),
                b'%' | b'+' => escaped = true,
                _ => {}
            }
        }
        if end > start {
            let name_end = equals.unwrap_or(end);
            let value_start = equals.map_or(end, |at| at + 1);
            let span = |form: &mut Self, range: Range<usize>| {
                let decoded = if escaped {
                    decode_in_place(&mut form.text[range.clone()])
                } else {
                    range.len()
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "`parse` bounds the text by u32::MAX"
                )]
                Span {
                    start: range.start as u32,
                    end: (range.start + decoded) as u32,
                }
            };
            let name = span(self, start..name_end);
            let value = span(self, value_start..end);
            self.parameters.push(Parameter { name, value });
        }
        end + 1
    }

    /// The value of the first parameter of this name; nothing if there is none, or if it is not UTF-8, which Twilio
    /// never sends.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|parameter| self.bytes(parameter.name) == name.as_bytes())
            .and_then(|parameter| std::str::from_utf8(self.bytes(parameter.value)).ok())
    }

    /// Names and values that are UTF-8, in the order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().filter_map(|parameter| {
            let name = std::str::from_utf8(self.bytes(parameter.name)).ok()?;
            let value = std::str::from_utf8(self.bytes(parameter.value)).ok()?;
            Some((name, value))
        })
    }

    /// What the signature covers after the URL: each name and value without separators, names in byte order, the
    /// values of one name in byte order and each once (Twilio: Security; twilio-python and twilio-node for repeated names).
    pub(super) fn signed_text(&self) -> Vec<u8> {
        let mut order: Vec<(u64, u32)> = (0..)
            .zip(&self.parameters)
            .map(|(index, parameter)| (leading_bytes(self.bytes(parameter.name)), index))
            .collect();
        // Most names differ within their first eight bytes, so most comparisons are of two integers.
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| self.key(a.1).cmp(&self.key(b.1)))
        });
        let mut text = Vec::with_capacity(self.text.len());
        let mut last = None;
        for (_, index) in order {
            let key = self.key(index);
            if last != Some(key) {
                text.extend_from_slice(key.0);
                text.extend_from_slice(key.1);
            }
            last = Some(key);
        }
        text
    }

    fn key(&self, index: u32) -> (&[u8], &[u8]) {
        let parameter = self.parameters[index as usize];
        (self.bytes(parameter.name), self.bytes(parameter.value))
    }

    fn bytes(&self, span: Span) -> &[u8] {
        &self.text[span.range()]
    }
}

/// The first eight bytes as a number that orders as they do. Shorter names are filled with zeros; where that makes two
/// names equal, the whole names decide.
fn leading_bytes(name: &[u8]) -> u64 {
    let mut leading = [0; 8];
    let len = name.len().min(8);
    leading[..len].copy_from_slice(&name[..len]);
    u64::from_be_bytes(leading)
}

/// Decodes `+` and `%xx`; the new length, which is never greater.
fn decode_in_place(text: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while from < text.len() {
        let (byte, len) = match text[from] {
            b'+' => (b' ', 1),
            b'%' => match text.get(from + 1..from + 3).and_then(hex_byte) {
                Some(byte) => (byte, 3),
                None => (b'%', 1),
            },
            byte => (byte, 1),
        };
        text[to] = byte;
        from += len;
        to += 1;
    }
    to
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &[u8]) -> Form {
        Form::parse(text).expect("a short text")
    }

    #[track_caller]
    fn check(text: &str, want: &[(&str, &str)], signed: &str) {
        let form = form(text.as_bytes());
        assert_eq!(form.iter().collect::<Vec<_>>(), want, "{text}");
        let text_signed = String::from_utf8(form.signed_text()).expect("UTF-8");
        assert_eq!(text_signed, signed, "{text}");
    }

    #[test]
    fn a_form_is_read_and_ordered_as_twilio_signs_it() {
        check("", &[], "");
        check("&&", &[], "");
        check("b=2&a=1", &[("b", "2"), ("a", "1")], "a1b2");
        check(
            "Digits=&To=%2B81",
            &[("Digits", ""), ("To", "+81")],
            "DigitsTo+81",
        );
        check("a=x+y%20z", &[("a", "x y z")], "ax y z");
        check("a=%E9%9A%9C%e5%ae%b3", &[("a", "障害")], "a障害");
        check(
            "a=%&b=%4&c=%zz&d=100%25",
            &[("a", "%"), ("b", "%4"), ("c", "%zz"), ("d", "100%")],
            "a%b%4c%zzd100%",
        );
        check("a=1=2&b", &[("a", "1=2"), ("b", "")], "a1=2b");
        check("=x", &[("", "x")], "x");
        check("a%3D=%26", &[("a=", "&")], "a=&");
        check("D=2&D=1&D=2", &[("D", "2"), ("D", "1"), ("D", "2")], "D1D2");
        check(
            "ReasonConferenceEnded=a&Reason=z&called=1&Called=2&CALLED=3",
            &[
                ("ReasonConferenceEnded", "a"),
                ("Reason", "z"),
                ("called", "1"),
                ("Called", "2"),
                ("CALLED", "3"),
            ],
            "CALLED3Called2ReasonzReasonConferenceEndedacalled1",
        );
    }

    #[test]
    fn names_that_share_their_first_eight_bytes_are_ordered_by_the_rest() {
        check(
            "CallerState=2&CallerSt=1&CallerSt%00=0&CallerStat=3",
            &[
                ("CallerState", "2"),
                ("CallerSt", "1"),
                ("CallerSt\0", "0"),
                ("CallerStat", "3"),
            ],
            "CallerSt1CallerSt\u{0}0CallerStat3CallerState2",
        );
    }

    #[test]
    fn the_first_value_of_a_name_is_given_out() {
        let form = form(b"Digits=1&Digits=2&bad=%FF&From=");
        assert_eq!(form.get("Digits"), Some("1"));
        assert_eq!(form.get("From"), Some(""));
        assert_eq!(form.get("bad"), None);
        assert_eq!(form.get("digits"), None);
    }

    proptest! {
        #[test]
        fn any_body_reads_as_the_common_parser_reads_it(body in "([a-zA-Z0-9=&%+]|%[0-9a-f]{2}|\\PC){0,60}") {
            let ours: Vec<(Vec<u8>, Vec<u8>)> = {
                let form = form(body.as_bytes());
                form.parameters
                    .iter()
                    .map(|parameter| (form.bytes(parameter.name).to_vec(), form.bytes(parameter.value).to_vec()))
                    .collect()
            };
            let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let ours: Vec<_> = ours.iter().map(|(name, value)| (lossy(name), lossy(value))).collect();
            let theirs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn the_order_of_arrival_does_not_matter(
            mut pairs in prop::collection::vec(("[A-Ca-c\u{0}é]{0,10}", "[a-c\\PC]{0,3}"), 0..30),
            seed: u64,
        ) {
            let body = |pairs: &[(String, String)]| {
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            };
            let signed = form(body(&pairs).as_bytes()).signed_text();
            let mut expected = pairs.clone();
            expected.sort();
            expected.dedup();
            let expected: String = expected.into_iter().map(|(name, value)| name + &value).collect();
            prop_assert_eq!(&signed, &expected.into_bytes());
            fastrand::Rng::with_seed(seed).shuffle(&mut pairs);
            prop_assert_eq!(signed, form(body(&pairs).as_bytes()).signed_text());
        }
    }
}
