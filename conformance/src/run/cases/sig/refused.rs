//! Requests that are not what was signed, each by one named change.

use super::SECURITY;
use crate::{
    run::{
        case::{Case, Grade, Play},
        forge::{Draft, Forgery, Keys, query, rewrite, with_key},
        variation::{add, form, set, toggle_slash},
    },
    twilio::{
        Address, Method, Payload, Scheme,
        signature::{self, Algorithm},
    },
};

type Change = fn(&mut Draft, &Keys<'_>) -> Result<(), &'static str>;

const WHY_FORGED: &str =
    "Whoever can guess the address takes alerts, or ends calls, in the name of the people on call.";
const WHY_OTHER: &str = "A request that was made for something else is replayed here.";

const fn must(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    change: Change,
) -> Case {
    case(id, name, requirement, why, Grade::Must, change)
}

const fn case(
    id: &'static str,
    name: &'static str,
    requirement: &'static str,
    why: &'static str,
    grade: Grade,
    change: Change,
) -> Case {
    Case {
        id,
        requirement,
        why,
        source: SECURITY,
        grade,
        play: Play::Refuses(Forgery { name, change }),
    }
}

pub(in crate::run::cases) const CASES: &[Case] = &[
    must(
        "sig/unsigned",
        "no signature",
        "A request without a signature is refused.",
        WHY_FORGED,
        |draft, _| {
            draft.header = Some(None);
            Ok(())
        },
    ),
    must(
        "sig/empty-signature",
        "an empty signature",
        "A request with an empty signature is refused.",
        WHY_FORGED,
        |draft, _| {
            draft.header = Some(Some(String::new()));
            Ok(())
        },
    ),
    must(
        "sig/garbage",
        "a signature that is no base64",
        "A signature that cannot be one is refused, and breaks nothing.",
        "Decoding it without care ends in a crash, which the carrier takes for an outage.",
        |draft, _| {
            draft.header = Some(Some("%%% not base64 ===".to_owned()));
            Ok(())
        },
    ),
    must(
        "sig/foreign-token",
        "the key of another account",
        "A signature with another account's token is refused.",
        WHY_FORGED,
        |draft, _| with_key(draft, "0123456789abcdef0123456789abcdef"),
    ),
    must(
        "sig/empty-token",
        "an empty key",
        "A signature with an empty key is refused.",
        "A handler whose token is missing verifies with an empty one, and so can everybody.",
        |draft, _| with_key(draft, ""),
    ),
    must(
        "sig/account-as-token",
        "the account's id as the key",
        "A signature with the account's id as its key is refused.",
        "The id is no secret; it comes with every request.",
        |draft, _| {
            let sid = form(&mut draft.sent)
                .iter()
                .find(|(name, _)| name == "AccountSid");
            let sid = sid.ok_or("the request names no account")?.1.clone();
            with_key(draft, &sid)
        },
    ),
    must(
        "sig/stale-token",
        "a key that was rotated out",
        "A signature with a token that is no longer valid is refused.",
        "Tokens are rotated because somebody has them who should not.",
        |draft, keys| {
            let stale = keys
                .stale
                .ok_or("name the old token with --stale-token-env")?;
            with_key(draft, stale)
        },
    ),
    must(
        "sig/other-case",
        "the letters of the signature in the other case",
        "Signatures are compared letter by letter.",
        "Base64 has capitals and small letters; comparing without regard to case makes forging easier by far.",
        |draft, keys| {
            rewrite(draft, keys, |genuine| {
                let swap = |c: char| {
                    if c.is_ascii_uppercase() {
                        c.to_ascii_lowercase()
                    } else {
                        c.to_ascii_uppercase()
                    }
                };
                genuine.chars().map(swap).collect()
            })
        },
    ),
    must(
        "sig/truncated",
        "the first half of the signature",
        "A part of the signature is refused.",
        "Comparing up to the shorter one's end lets a single letter pass.",
        |draft, keys| rewrite(draft, keys, |genuine| genuine[..14].to_owned()),
    ),
    must(
        "sig/extended",
        "the signature with something behind it",
        "A signature with something behind it is refused.",
        WHY_FORGED,
        |draft, keys| rewrite(draft, keys, |genuine| format!("{genuine}AAAA")),
    ),
    must(
        "sig/last-letter",
        "the signature with one letter changed",
        "A signature that differs in one letter is refused.",
        WHY_FORGED,
        |draft, keys| {
            rewrite(draft, keys, |genuine| {
                let other = if genuine.as_bytes()[20] == b'A' {
                    "B"
                } else {
                    "A"
                };
                format!("{}{other}{}", &genuine[..20], &genuine[21..])
            })
        },
    ),
    must(
        "sig/changed-value",
        "another value for Digits",
        "A value that was changed is noticed.",
        WHY_FORGED,
        |draft, _| {
            set(&mut draft.signed, "Digits", "2");
            set(&mut draft.sent, "Digits", "1");
            Ok(())
        },
    ),
    must(
        "sig/added-value",
        "Digits added",
        "A parameter that was added is noticed.",
        WHY_FORGED,
        |draft, _| {
            add(&mut draft.sent, "Digits", "1");
            Ok(())
        },
    ),
    must(
        "sig/added-empty",
        "an empty parameter added",
        "An empty parameter that was added is noticed.",
        "Receivers that drop empty values do not see it: they refuse genuine requests for the same reason.",
        |draft, _| {
            add(&mut draft.sent, "Injected", "");
            Ok(())
        },
    ),
    must(
        "sig/removed-value",
        "Digits taken out",
        "A parameter that was taken out is noticed.",
        WHY_FORGED,
        |draft, _| {
            add(&mut draft.signed, "Digits", "1");
            Ok(())
        },
    ),
    must(
        "sig/removed-empty",
        "an empty parameter taken out",
        "An empty parameter that was taken out is noticed.",
        "Receivers that drop empty values do not see it.",
        |draft, _| {
            add(&mut draft.signed, "Removed", "");
            Ok(())
        },
    ),
    must(
        "sig/second-value",
        "a second value for a parameter",
        "A second value of a name is noticed.",
        "Verified with the first value and used with the last, it takes an alert that nobody took.",
        |draft, _| {
            set(&mut draft.signed, "Digits", "2");
            set(&mut draft.sent, "Digits", "2");
            add(&mut draft.sent, "Digits", "1");
            Ok(())
        },
    ),
    must(
        "sig/other-call",
        "the signature of another call",
        "A signature is good for its own call only.",
        WHY_OTHER,
        |draft, _| {
            set(
                &mut draft.signed,
                "CallSid",
                "CA00000000000000000000000000000000",
            );
            Ok(())
        },
    ),
    must(
        "sig/trimmed",
        "a value that was signed without the blanks around it",
        "Blanks around a value are noticed.",
        "Middleware that trims input hides them.",
        |draft, _| {
            add(&mut draft.signed, "CallerName", "Aya");
            add(&mut draft.sent, "CallerName", " Aya ");
            Ok(())
        },
    ),
    must(
        "sig/other-path",
        "a signature for the path with a slash more or less",
        "A signature is good for its own path only.",
        "Trying both spellings hides that the address is not what it seems, and opens one path to the requests of another.",
        |draft, _| toggle_slash(&mut draft.signed),
    ),
    must(
        "sig/other-query",
        "a query of other values",
        "A query that was changed is noticed.",
        WHY_FORGED,
        |draft, _| query(draft, "stage=1", "stage=2"),
    ),
    must(
        "sig/added-query",
        "a query added",
        "A query that was added is noticed.",
        WHY_FORGED,
        |draft, _| query(draft, "stage=1", "stage=1&Digits=1"),
    ),
    must(
        "sig/removed-query",
        "a query taken out",
        "A query that was taken out is noticed.",
        WHY_FORGED,
        |draft, _| query(draft, "stage=1", ""),
    ),
    must(
        "sig/reordered-query",
        "a query in another order",
        "A query in another order is noticed.",
        "It is verified as it was sent; sorting it first hides the change.",
        |draft, _| query(draft, "a=1&b=2", "b=2&a=1"),
    ),
    must(
        "sig/reescaped-query",
        "escapes of the query in small letters",
        "Escapes that were rewritten are noticed.",
        "It is verified as it was sent; writing it anew hides the change.",
        |draft, _| query(draft, "a=%2F%7E", "a=%2f%7e"),
    ),
    must(
        "sig/other-host",
        "a signature for another host",
        "A signature is good for its own host only.",
        WHY_OTHER,
        |draft, _| {
            let host =
                Address::parse("https://another-service.example.com").map_err(|_| "never")?;
            draft.signed.address = draft.signed.address.at(&host);
            Ok(())
        },
    ),
    must(
        "sig/other-scheme",
        "a signature for http instead of https, or the reverse",
        "A signature is good for its own scheme only.",
        "A handler that takes the scheme from elsewhere verifies another address than the carrier signed.",
        |draft, _| {
            let address = &draft.signed.address;
            let other = match address.scheme() {
                Scheme::Http => "https",
                Scheme::Https => "http",
            };
            let other = Address::parse(&format!("{other}://{}", address.authority()))
                .map_err(|_| "never")?;
            draft.signed.address = address.at(&other);
            Ok(())
        },
    ),
    must(
        "sig/other-port",
        "a signature for another port",
        "A signature is good for its own port only.",
        WHY_OTHER,
        |draft, _| {
            draft.signed.address = draft.signed.address.with_port(Some(4444));
            draft.signed.port = signature::Port::AsWritten;
            Ok(())
        },
    ),
    must(
        "sig/get-for-post",
        "a signature without the body",
        "A POST is not verified by its address alone.",
        "The address is known to whoever saw one request; the body would be free to choose.",
        |draft, _| {
            draft.signed.payload = Payload::Form(Vec::new());
            Ok(())
        },
    ),
    case(
        "sig/post-as-get",
        "a POST's parameters and signature in a GET",
        "The signature of a POST is not good for a GET.",
        WHY_OTHER,
        Grade::Should,
        |draft, _| {
            draft.sent.method = Method::Get;
            Ok(())
        },
    ),
    must(
        "sig/wrong-hash",
        "SHA-256 instead of SHA-1",
        "A signature of the wrong kind is refused.",
        WHY_FORGED,
        |draft, keys| {
            let string = draft.signed.signed_string();
            draft.header = Some(Some(signature::sign(
                Algorithm::HmacSha256,
                keys.right,
                &string,
            )));
            Ok(())
        },
    ),
    must(
        "sig/url-safe",
        "the signature in the other alphabet of base64",
        "The signature is compared as it is written.",
        "A lenient decoder takes many spellings for one signature.",
        |draft, keys| {
            rewrite(draft, keys, |genuine| {
                genuine.replace('+', "-").replace('/', "_").replace('=', "")
            })
        },
    ),
];
