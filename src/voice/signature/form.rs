//! The parameters of a request, parsed once: for the signature and for whoever handles the webhook.

use std::ops::Range;

/// Zeros behind the text, so that a window of this many bytes can be read at every place in it.
const PADDING: usize = 16;
/// Of such a window as an integer, the low bits hold an index.
const INDEX_BITS: u32 = u32::BITS;
const LEADING_BITS: usize = (u128::BITS - INDEX_BITS) as usize;

/// The parameters of a verified request. Only [`super::SigningKeys::verify`] makes one, so whoever holds a form may act on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The body as received and [`PADDING`]; where a name or value holds escapes, it is decoded in place.
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
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        u32::try_from(body.len()).ok()?;
        let mut text = Vec::with_capacity(body.len() + PADDING);
        text.extend_from_slice(body);
        text.resize(body.len() + PADDING, 0);
        let mut form = Self {
            text,
            parameters: Vec::with_capacity(32),
        };
        let mut escapes = memchr::memchr2_iter(b'%', b'+', body).peekable();
        let mut separators = memchr::memchr2_iter(b'&', b'=', body);
        let mut start = 0;
        while start < body.len() {
            let mut equals = None;
            let end = loop {
                match separators.next() {
                    None => break body.len(),
                    Some(at) if body[at] == b'&' => break at,
                    Some(at) => _ = equals.get_or_insert(at),
                }
            };
            if end > start {
                let escape = escapes.next_if(|&at| at < end);
                if escape.is_some() {
                    while escapes.next_if(|&at| at < end).is_some() {}
                }
                let name = start..equals.unwrap_or(end);
                let value = equals.map_or(end, |at| at + 1)..end;
                form.push(name, value, escape.unwrap_or(end));
            }
            start = end + 1;
        }
        Some(form)
    }

    /// Adds a parameter whose first escape, if it has one, is at `escape`.
    fn push(&mut self, name: Range<usize>, value: Range<usize>, escape: usize) {
        let mut span = |range: Range<usize>| {
            let end = decode_in_place(&mut self.text, escape.max(range.start), range.end);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "`parse` bounds the text by u32::MAX"
            )]
            Span {
                start: range.start as u32,
                end: end as u32,
            }
        };
        let (name, value) = (span(name), span(value));
        self.parameters.push(Parameter { name, value });
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
        let mut text = Vec::with_capacity(self.text.len());
        let mut order: Vec<u128> = (0_u32..)
            .zip(&self.parameters)
            .map(|(index, parameter)| self.leading_bytes(parameter.name) | u128::from(index))
            .collect();
        // Most names differ within their leading bytes. Those stand in an integer above the index, so that a sort of
        // integers does nearly all of the work; where they are alike, the whole names and the values decide.
        order.sort_unstable();
        for alike in order.chunk_by(|a, b| a >> INDEX_BITS == b >> INDEX_BITS) {
            if let [only] = alike {
                append(&mut text, self.pair(index(*only)));
                continue;
            }
            let mut pairs: Vec<_> = alike.iter().map(|&entry| self.pair(index(entry))).collect();
            pairs.sort_unstable();
            pairs.dedup();
            for pair in pairs {
                append(&mut text, pair);
            }
        }
        text
    }

    /// The first bytes of a name, highest first, above room for an index; filled with zeros if the name is shorter.
    fn leading_bytes(&self, name: Span) -> u128 {
        let start = name.range().start;
        let window: [u8; PADDING] = self.text[start..start + PADDING]
            .try_into()
            .expect("the padding makes a window at every place of the text");
        let bits = (name.range().len() * 8).min(LEADING_BITS);
        u128::from_be_bytes(window) & !(u128::MAX >> bits)
    }

    fn pair(&self, index: u32) -> (&[u8], &[u8]) {
        let parameter = self.parameters[index as usize];
        (self.bytes(parameter.name), self.bytes(parameter.value))
    }

    fn bytes(&self, span: Span) -> &[u8] {
        &self.text[span.range()]
    }
}

/// The index that [`Form::signed_text`] keeps below the leading bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the index stands in the low bits"
)]
fn index(entry: u128) -> u32 {
    entry as u32
}

fn append(text: &mut Vec<u8>, (name, value): (&[u8], &[u8])) {
    text.extend_from_slice(name);
    text.extend_from_slice(value);
}

/// Decodes `+` and `%xx` between `start` and `end`; the new end, which is never greater.
fn decode_in_place(text: &mut [u8], start: usize, end: usize) -> usize {
    let (mut from, mut to) = (start, start.min(end));
    while from < end {
        let (byte, len) = match text[from] {
            b'+' => (b' ', 1),
            b'%' => match text[from + 1..end]
                .first_chunk()
                .copied()
                .and_then(hex_byte)
            {
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

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
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
    fn names_that_share_their_leading_bytes_are_ordered_by_the_rest() {
        check(
            "CallerCountry=2&CallerCountr=1&CallerCountr%00=0&CallerCountr=3",
            &[
                ("CallerCountry", "2"),
                ("CallerCountr", "1"),
                ("CallerCountr\0", "0"),
                ("CallerCountr", "3"),
            ],
            "CallerCountr1CallerCountr3CallerCountr\u{0}0CallerCountry2",
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
            mut pairs in prop::collection::vec(("[A-Ca-c\u{0}é]{0,4}|[ab]{11,14}|a{10}[\u{0}b]{0,4}", "[a-c\\PC]{0,3}"), 0..30),
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
