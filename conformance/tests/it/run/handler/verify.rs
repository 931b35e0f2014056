//! Whether the carrier has sent a request, and how that goes wrong.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{Form, Handler, Reply, Request, SHARED_KEY, STALE_TOKEN, TOKEN};

impl Handler {
    /// The parameters of a request that is genuine; else the reply, or none for a crash.
    pub(super) fn verified(&self, request: &Request, path: &str) -> Result<Form, Option<Reply>> {
        let (form, signed_form) = self.forms(request);
        let is_checked = match self.bug {
            "checks nothing" => false,
            "accepts everything without a token" => false,
            "checks the first address only" => path == "/voice",
            _ => true,
        };
        if !is_checked {
            return Ok(form);
        }
        let refused = || Some(Reply::new(403, "text/plain", "forbidden"));
        if self.has("refuses everything") {
            return Err(refused());
        }
        if self.has("takes thirty parameters at most") && form.len() > 30 {
            return Err(Some(Reply::new(400, "text/plain", "too many parameters")));
        }
        let given = request.header("x-twilio-signature").unwrap_or_default();
        if self.has("crashes at a signature that is none") && STANDARD.decode(given).is_err() {
            return Err(None);
        }
        let with_sha256 = self.has("knows SHA-256")
            && request
                .header("x-twilio-webhooks-signature-settings")
                .is_some_and(|settings| settings.contains("algorithm=HMAC_SHA256"));
        let is_signed = self
            .urls(request)
            .iter()
            .any(|url| self.is_signed(given, url, &signed_form, with_sha256));
        match is_signed && self.has_right_body(request) {
            true => Ok(form),
            false => Err(refused()),
        }
    }

    fn is_signed(&self, given: &str, url: &str, form: &Form, with_sha256: bool) -> bool {
        let mut text = url.to_owned();
        let mut sorted = form.clone();
        match self.bug {
            "sorts names without regard to case" => {
                sorted.sort_by_key(|(name, _)| name.to_ascii_lowercase());
            }
            "sorts as UTF-16" => {
                sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            }
            "sorts numbers as numbers" => sorted.sort_by_key(|(name, value)| {
                (number(name), name.clone(), number(value), value.clone())
            }),
            _ => sorted.sort(),
        }
        if !matches!(self.bug, "keeps the first value" | "keeps the last value") {
            sorted.dedup();
        }
        for (name, value) in sorted {
            text.push_str(&name);
            text.push_str(&value);
        }
        if with_sha256 {
            return given == sha256(SHARED_KEY, &text);
        }
        let keys: &[&str] = match self.bug {
            "still accepts its old token" => &[TOKEN, STALE_TOKEN],
            "accepts an empty key" => &[TOKEN, ""],
            "takes the account's id for its token" => {
                &[TOKEN, "AC00000000000000000000000000000001"]
            }
            _ => &[TOKEN],
        };
        keys.iter().any(|key| {
            self.is_same(given, &sha1(key, &text))
                || self.has("takes any hash") && given == sha256(key, &text)
        })
    }

    fn is_same(&self, given: &str, wanted: &str) -> bool {
        let url_safe = wanted.replace('+', "-").replace('/', "_").replace('=', "");
        match self.bug {
            "compares without regard to case" => given.eq_ignore_ascii_case(wanted),
            "compares up to the shorter end" => {
                !given.is_empty() && (given.starts_with(wanted) || wanted.starts_with(given))
            }
            "compares the beginning only" => given.get(..20) == wanted.get(..20),
            "decodes signatures leniently" => given == wanted || given == url_safe,
            _ => given == wanted,
        }
    }

    /// The addresses that may have been signed.
    fn urls(&self, request: &Request) -> Vec<String> {
        let (path, query) = (self.path(request), self.query(request));
        let base = self.base(request);
        let bare = base
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map(|(bare, _)| bare.to_owned());
        let mut bases = vec![base];
        match self.bug {
            "insists on the port" => {}
            "knows no port" => bases = bare.into_iter().collect(),
            _ => match bare {
                Some(bare) => bases.push(bare),
                None => bases.push(format!("{}:443", bases[0])),
            },
        }
        let mut paths = vec![path.clone()];
        if self.has("tries both spellings of a slash") {
            paths.push(format!("{path}/"));
            paths.push(path.trim_end_matches('/').to_owned());
        }
        let all = bases
            .iter()
            .flat_map(|base| paths.iter().map(move |path| (base, path)));
        all.map(|(base, path)| match &query {
            Some(query) => format!("{base}{path}?{query}"),
            None => format!("{base}{path}"),
        })
        .collect()
    }

    fn base(&self, request: &Request) -> String {
        let header = |name: &str| request.header(name).map(str::to_owned);
        let host = header("host").unwrap_or_default();
        let public_host = self.public.trim_start_matches("https://").to_owned();
        match self.bug {
            "takes its password into the address" => {
                format!("https://conformance:p%40ss@{public_host}")
            }
            "takes the host from the request" => format!("https://{host}"),
            "takes the host from a header of the proxy" => {
                format!(
                    "https://{}",
                    header("x-forwarded-host").unwrap_or(public_host)
                )
            }
            "takes the scheme from a header of the proxy" => {
                format!(
                    "{}://{public_host}",
                    header("x-forwarded-proto").unwrap_or("https".to_owned())
                )
            }
            _ => self.public.to_owned(),
        }
    }

    fn path(&self, request: &Request) -> String {
        let path = request.path().to_owned();
        match self.bug {
            "strips the trailing slash" => path.trim_end_matches('/').to_owned(),
            "squeezes double slashes" => path.replace("//", "/"),
            "writes escapes in capitals" => capital_escapes(&path),
            "decodes the path" => {
                String::from_utf8_lossy(&percent_decoded(&path, false)).into_owned()
            }
            "resolves dot segments" => path.replace("/./", "/"),
            _ => path,
        }
    }

    fn query(&self, request: &Request) -> Option<String> {
        let query = request.query()?.to_owned();
        let pairs = || {
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect::<Vec<_>>()
        };
        let encoded = |pairs: Vec<(String, String)>| {
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish()
        };
        match self.bug {
            "leaves the query out" => None,
            "sorts the query" => {
                let mut pieces: Vec<_> = query.split('&').collect();
                pieces.sort_unstable();
                Some(pieces.join("&"))
            }
            "encodes the query anew" => Some(encoded(pairs())),
            "encodes apostrophes" => Some(query.replace('\'', "%27")),
            "encodes at signs" => Some(query.replace('@', "%40")),
            "writes blanks as plus" => Some(query.replace("%20", "+")),
            "drops empty values of the query" => {
                let pieces = query
                    .split('&')
                    .filter(|piece| piece.contains('=') && !piece.ends_with('='));
                Some(pieces.collect::<Vec<_>>().join("&"))
            }
            "has each name of the query once" => {
                let mut pieces: Vec<&str> = Vec::new();
                for piece in query.split('&') {
                    let name = piece.split('=').next();
                    pieces.retain(|known| known.split('=').next() != name);
                    pieces.push(piece);
                }
                Some(pieces.join("&"))
            }
            "drops a lone question mark" if query.is_empty() => None,
            "escapes brackets" => Some(
                query
                    .replace('[', "%5B")
                    .replace(']', "%5D")
                    .replace('|', "%7C"),
            ),
            _ => Some(query),
        }
    }

    /// The parameters that are used, and those that are verified.
    fn forms(&self, request: &Request) -> (Form, Form) {
        let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Form>();
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        if is_json {
            return (Form::new(), Form::new());
        }
        if request.method == "GET" {
            let form = pairs(request.query().unwrap_or_default().as_bytes());
            let signed = if self.has("appends the parameters of a GET") {
                form.clone()
            } else {
                Form::new()
            };
            return (form, signed);
        }
        let form = pairs(&request.body);
        let signed = self.distorted(form.clone(), request);
        (form, signed)
    }

    fn distorted(&self, form: Form, request: &Request) -> Form {
        let each = |change: fn(&str) -> String| -> Form {
            form.iter()
                .map(|(name, value)| (name.clone(), change(value)))
                .collect()
        };
        match self.bug {
            "drops empty parameters" => form
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
            "fills in defaults" => {
                let mut form = form;
                if !form.iter().any(|(name, _)| name == "Digits") {
                    form.push(("Digits".to_owned(), String::new()));
                }
                form
            }
            "trims values" => each(|value| value.trim().to_owned()),
            "decodes plus twice" => each(|value| value.replace('+', " ")),
            "strips tags" => each(|value| value.replace("<b>", "").replace("</b>", "")),
            "normalises line ends" => each(|value| value.replace("\r\n", "\n").replace('\r', "\n")),
            "decodes as Latin-1" => each(|value| value.bytes().map(char::from).collect()),
            "keeps the first value" => {
                let mut kept = Form::new();
                for (name, value) in form {
                    if !kept.iter().any(|(known, _)| *known == name) {
                        kept.push((name, value));
                    }
                }
                kept
            }
            "keeps the last value" => {
                let mut kept = Form::new();
                for (name, value) in form {
                    kept.retain(|(known, _)| *known != name);
                    kept.push((name, value));
                }
                kept
            }
            "knows a fixed list of parameters" => {
                let known = |name: &str| {
                    [
                        "Account",
                        "Api",
                        "Call",
                        "Caller",
                        "Direction",
                        "From",
                        "To",
                        "Digits",
                        "FinishedOnKey",
                        "msg",
                        "Error",
                    ]
                    .iter()
                    .any(|known| name.starts_with(known))
                };
                form.into_iter().filter(|(name, _)| known(name)).collect()
            }
            "merges the query into the form" => {
                let mut merged = form;
                for (name, value) in
                    form_urlencoded::parse(request.query().unwrap_or_default().as_bytes())
                        .into_owned()
                {
                    merged.retain(|(known, _)| *known != name);
                    merged.push((name, value));
                }
                merged
            }
            "verifies the address only" => Form::new(),
            "wants parameters" if form.len() < 2 => vec![("missing".to_owned(), String::new())],
            _ => form,
        }
    }

    /// The hash of a JSON body stands in the address.
    fn has_right_body(&self, request: &Request) -> bool {
        let hash = request
            .query()
            .and_then(|query| query.split_once("bodySHA256="))
            .map(|(_, hash)| hash);
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json || self.has("ignores the hash of JSON") {
            return true;
        }
        let actual: String = Sha256::digest(&request.body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        hash == Some(actual.as_str())
    }
}

/// Numbers before all else, by what they count.
fn number(text: &str) -> (bool, u64) {
    let number = text.parse::<u64>();
    (number.is_err(), number.unwrap_or_default())
}

fn sha1(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes any key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn sha256(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes any key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn capital_escapes(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut written = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (escape, rest) = piece.split_at(2.min(piece.len()));
        written += &format!("%{}{rest}", escape.to_ascii_uppercase());
    }
    written
}

fn percent_decoded(text: &str, plus: bool) -> Vec<u8> {
    let text = if plus {
        text.to_owned()
    } else {
        text.replace('+', "%2B")
    };
    form_urlencoded::parse(format!("x={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned().into_bytes())
        .unwrap_or_default()
}
