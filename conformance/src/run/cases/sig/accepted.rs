//! Genuine requests of unusual shapes.

use super::{LIBRARIES, SECURITY};
use crate::{
    run::{
        case::{Case, Grade, Play},
        variation::{
            Variation, add, by_get, double_first_slash, double_slash, escape_in_path, form, remove,
            set, toggle_slash, with_path, with_query,
        },
    },
    twilio::{Scheme, Webhook, signature::Port},
};

type Shape = fn(&mut Webhook) -> Result<(), &'static str>;

/// A genuine request that has to be accepted.
const fn must(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    shape: Shape,
) -> Case {
    case(id, name, requirement, why, false, Grade::Must, shape)
}

const fn should(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    shape: Shape,
) -> Case {
    case(id, name, requirement, why, false, Grade::Should, shape)
}

/// The same at another path, which the handler need not have.
const fn elsewhere(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    shape: Shape,
) -> Case {
    case(id, name, requirement, why, true, Grade::Must, shape)
}

const fn case(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    needs_route: bool,
    grade: Grade,
    shape: Shape,
) -> Case {
    Case {
        id,
        requirement,
        why,
        source: match grade {
            Grade::Must => SECURITY,
            Grade::Should => LIBRARIES,
        },
        grade,
        play: Play::Accepts(Variation {
            name,
            needs_route,
            shape,
        }),
    }
}

pub(in crate::run::cases) const CASES: &[Case] = &[
    elsewhere(
        "sig/trailing-slash",
        "a slash at the end of the path",
        "A slash at the end of the path is part of what is verified.",
        "Frameworks take the slash away for their routing (Rails' request.url, many proxies), and index pages add one: the address that \
         was signed is the one that was configured.",
        toggle_slash,
    ),
    elsewhere(
        "sig/double-slash",
        "a doubled slash in the path",
        "A doubled slash in the path is part of what is verified.",
        "Addresses that are put together have slashes from both sides; Rails and proxies squeeze them to one.",
        double_slash,
    ),
    case(
        "sig/double-slash-in-front",
        "a doubled slash in front of the path",
        "A doubled slash in front of the path is part of what is verified.",
        "It comes of a base address that ends in a slash. Some servers take it away before the handler sees it (Python's http.server): \
         there, only another address helps.",
        true,
        Grade::Should,
        double_first_slash,
    ),
    elsewhere(
        "sig/path-escape",
        "an escape in small letters in the path",
        "Escapes in the path are verified as they were written.",
        "Frameworks decode the path for their routing and write it anew, with other escapes or in capitals.",
        escape_in_path,
    ),
    case(
        "sig/dot-segment",
        "a dot segment in the path",
        "Dot segments in the path are verified as they were written.",
        "Client libraries and parsers of addresses resolve them; what was signed had them.",
        true,
        Grade::Should,
        |webhook| {
            let path = webhook.address.path().to_owned();
            with_path(webhook, &format!("/.{path}"));
            Ok(())
        },
    ),
    must(
        "sig/query",
        "a query of two names, not in the order of the alphabet",
        "The query is part of what is verified, in its own order.",
        "Frameworks sort the query (Laravel's fullUrl, Symfony) or leave it out.",
        |webhook| {
            with_query(webhook, "stage=2&attempt=1");
            Ok(())
        },
    ),
    must(
        "sig/query-escapes",
        "escapes in the query, in small letters and unneeded ones",
        "Escapes in the query are verified as they were written.",
        "Whoever decodes a query and encodes it again writes other escapes: %7e for ~, %2F for %2f.",
        |webhook| {
            with_query(webhook, "a=%7e%2f%c3%a9&b=%41%2B");
            Ok(())
        },
    ),
    must(
        "sig/query-plus",
        "a blank as + and a blank as %20 in the query",
        "Blanks in the query are verified as they were written.",
        "Decoding and encoding again makes one of the two out of both.",
        |webhook| {
            with_query(webhook, "a=x+y&b=x%20y");
            Ok(())
        },
    ),
    must(
        "sig/query-marks",
        "punctuation that needs no escape in the query",
        "Punctuation in the query is verified as it was written.",
        "An apostrophe becomes %27, an @ %40 in the hands of one library and not of the other.",
        |webhook| {
            with_query(webhook, "a='()*!,;:@/?$-._~");
            Ok(())
        },
    ),
    must(
        "sig/query-empty",
        "names without values in the query",
        "Empty values in the query are verified as they were written.",
        "Parsing and writing a query anew loses a=, and makes a= out of a.",
        |webhook| {
            with_query(webhook, "a=&b&c=1");
            Ok(())
        },
    ),
    must(
        "sig/query-repeated",
        "a name that is repeated in the query",
        "A repeated name in the query is verified as it was written.",
        "A map has each name once, and keeps the first or the last.",
        |webhook| {
            with_query(webhook, "a=2&a=1");
            Ok(())
        },
    ),
    must(
        "sig/query-like-form",
        "a name that stands in the query and in the body",
        "Names in the query are not taken for parameters of the body.",
        "Frameworks merge both into one map of parameters (PHP's $_REQUEST, Rails' params); the signature covers the body's only.",
        |webhook| {
            with_query(webhook, "Digits=9&From=nobody");
            set(webhook, "Digits", "");
            Ok(())
        },
    ),
    should(
        "sig/query-mark-alone",
        "a question mark with nothing behind it",
        "A question mark with nothing behind it is part of what is verified.",
        "Most libraries cannot hold an empty query.",
        |webhook| match webhook.address.query() {
            Some(_) => Err("the address has a query already"),
            None => {
                let target = webhook.address.request_target();
                webhook.address = webhook.address.with_target(format!("{target}?"));
                Ok(())
            }
        },
    ),
    should(
        "sig/query-brackets",
        "brackets and bars in the query, as they are",
        "Characters that should be escaped, and are not, are verified as they were written.",
        "Strict parsers of addresses refuse them or escape them.",
        |webhook| {
            with_query(webhook, "a[]=1|2");
            Ok(())
        },
    ),
    must(
        "sig/empty-digits",
        "Digits present and empty",
        "An empty parameter is verified, and counts as there.",
        "Receivers that drop empty values (PHP's array_filter, compact(), form libraries) verify another text than was signed. Real requests \
         are full of them.",
        |webhook| {
            set(webhook, "Digits", "");
            set(webhook, "FinishedOnKey", "");
            Ok(())
        },
    ),
    must(
        "sig/no-digits",
        "no Digits at all",
        "A parameter that did not come is not made up.",
        "Whoever fills in defaults before verifying verifies more than was signed.",
        |webhook| {
            remove(webhook, "Digits");
            Ok(())
        },
    ),
    must(
        "sig/many-empty",
        "thirty empty parameters",
        "Many empty parameters are verified.",
        "As for one; a limit on parameters shows here too.",
        |webhook| {
            for number in 10..40 {
                add(webhook, &format!("Addition{number}"), "");
            }
            Ok(())
        },
    ),
    must(
        "sig/repeated-name",
        "a name that comes twice with different values",
        "All values of a repeated name are verified, each once, sorted.",
        "Maps keep the first value (Go, servlets) or the last (Rack), or join them with commas (.NET).",
        |webhook| {
            for value in ["b", "a", "b"] {
                add(webhook, "Repeated", value);
            }
            Ok(())
        },
    ),
    should(
        "sig/repeated-numbers",
        "a name that comes with the values 10, 9 and 2",
        "The values of a repeated name are sorted as texts.",
        "Some languages sort texts that look like numbers as numbers (PHP).",
        |webhook| {
            for value in ["10", "9", "2"] {
                add(webhook, "Repeated", value);
            }
            Ok(())
        },
    ),
    should(
        "sig/numeric-names",
        "names that are numbers",
        "Names are sorted as texts.",
        "Some languages sort names that look like numbers as numbers (PHP's ksort), or move them to the front (JavaScript's objects).",
        |webhook| {
            for name in ["1", "10", "9"] {
                add(webhook, name, "x");
            }
            Ok(())
        },
    ),
    must(
        "sig/name-order",
        "names that differ in case, and one that begins with another",
        "Names are sorted by their bytes: capitals first, the shorter before the longer.",
        "Sorting without regard to case, or name and value as one text, gives another order.",
        |webhook| {
            for (name, value) in [
                ("callSid", "x"),
                ("CALLSID", "x"),
                ("Zone", "x"),
                ("_zone", "x"),
                ("Reason", "z"),
                ("ReasonConferenceEnded", "a"),
            ] {
                add(webhook, name, value);
            }
            Ok(())
        },
    ),
    should(
        "sig/name-order-beyond-utf16",
        "names beyond the characters that JavaScript and Java sort rightly",
        "Names are sorted by their bytes in UTF-8.",
        "Languages whose texts are UTF-16 sort some characters otherwise.",
        |webhook| {
            add(webhook, "\u{ff5e}", "x");
            add(webhook, "\u{1f525}", "x");
            Ok(())
        },
    ),
    must(
        "sig/new-parameter",
        "parameters that nobody knows yet",
        "Parameters that are new are verified with the rest.",
        "The carrier adds parameters without notice. A fixed list, or strong parameters, fails on the day of the first.",
        |webhook| {
            add(webhook, "StirVerstat", "TN-Validation-Passed-A");
            add(webhook, "SomethingNew", "{\"a\":[1,2]}");
            Ok(())
        },
    ),
    must(
        "sig/plus",
        "values with + and blanks",
        "Values are decoded once.",
        "Decoded twice, the + of a phone number becomes a blank.",
        |webhook| {
            add(webhook, "Note", "1+1 = 2 %2B %20");
            Ok(())
        },
    ),
    must(
        "sig/untrimmed",
        "values with blanks at their ends",
        "Values are verified with the blanks at their ends.",
        "Middleware that trims input (Laravel's TrimStrings) runs before the verification.",
        |webhook| {
            add(webhook, "CallerName", " Aya \t");
            add(webhook, "Note", " ");
            Ok(())
        },
    ),
    must(
        "sig/line-ends",
        "values with line ends",
        "Line ends in values are verified as they came.",
        "Whoever normalises line ends verifies another text.",
        |webhook| {
            add(webhook, "SpeechResult", "one\r\ntwo\nthree\r");
            Ok(())
        },
    ),
    must(
        "sig/utf8",
        "values that are not ASCII",
        "Values are verified as UTF-8.",
        "Real requests name cities: Köln, 東京. Another encoding, or another normal form, gives another text.",
        |webhook| {
            add(webhook, "CallerCity2", "Köln");
            add(webhook, "SpeechResult", "障害を確認しました e\u{301}");
            Ok(())
        },
    ),
    must(
        "sig/markup",
        "values with marks of HTML and of forms",
        "Values are verified before anything is escaped.",
        "Escaping or stripping input (filters against script injection) changes what was signed.",
        |webhook| {
            add(webhook, "CallerName", "<b>O'Neil & \"Sons\"</b>; a=b&c=d#e");
            Ok(())
        },
    ),
    case(
        "sig/get",
        "a GET with all parameters in its query",
        "A GET is verified by its address alone.",
        "The parameters stand in the query already; whoever appends them again verifies another text.",
        true,
        Grade::Must,
        by_get,
    ),
    must(
        "sig/userinfo",
        "a user and a password in the address",
        "User and password are no part of what is verified.",
        "The carrier signs the address without them, and sends them as basic authentication.",
        |webhook| {
            if webhook.address.userinfo().is_none() {
                webhook.address = webhook.address.with_userinfo(Some("conformance:p%40ss"));
            }
            Ok(())
        },
    ),
    must(
        "sig/fragment",
        "connection overrides behind the address",
        "Connection overrides are no part of what is verified.",
        "They stand behind a #, which is neither sent nor signed: a handler that verifies the address as it configured it has to cut them off.",
        |webhook| {
            webhook.address = webhook
                .address
                .with_fragment(Some("rc=3&rp=5xx,ct,rt&e=tokyo"));
            Ok(())
        },
    ),
    must(
        "sig/port-dropped",
        "a signature without the port of the address",
        "Over https, an address with a port is accepted when it was signed without the port.",
        "Voice requests over https are signed without it.",
        |webhook| match (webhook.address.scheme(), webhook.address.port()) {
            (Scheme::Https, Some(_)) => {
                webhook.port = Port::Dropped;
                Ok(())
            }
            _ => Err("the address has no port, or is not https"),
        },
    ),
    must(
        "sig/port-kept",
        "a signature with the port of the address",
        "An address with a port is accepted when it was signed with the port.",
        "Requests over http, and those about messages, are signed with it.",
        |webhook| match webhook.address.port() {
            Some(_) => {
                webhook.port = Port::AsWritten;
                Ok(())
            }
            None => Err("the address has no port"),
        },
    ),
    should(
        "sig/port-default",
        "the usual port written down in what is signed",
        "The usual port may be written down in what was signed.",
        "The carrier's systems do not agree among themselves, and the official validators try both.",
        |webhook| match webhook.address.port() {
            Some(_) => Err("the address has a port of its own"),
            None => {
                let usual = webhook.address.scheme().default_port();
                webhook.address = webhook.address.with_port(Some(usual));
                webhook.port = Port::AsWritten;
                Ok(())
            }
        },
    ),
    should(
        "sig/port-missing",
        "http, a port in the address, and none in what is signed",
        "Over http too, an address with a port is accepted when it was signed without the port.",
        "The carrier's systems do not agree among themselves, and the official validators try both.",
        |webhook| match (webhook.address.scheme(), webhook.address.port()) {
            (Scheme::Http, Some(_)) => {
                webhook.port = Port::Dropped;
                Ok(())
            }
            _ => Err("the address has no port, or is not http"),
        },
    ),
    should(
        "sig/no-parameters",
        "a form without any parameter",
        "A form without parameters is verified by its address.",
        "Nothing has to follow the address in what was signed. A handler may miss CallSid, but not the signature.",
        |webhook| {
            form(webhook).retain(|(name, _)| name == "CallSid");
            Ok(())
        },
    ),
];
