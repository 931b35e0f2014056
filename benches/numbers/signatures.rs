//! Checking a webhook's signature from the raw body: 25 parameters, 666 bytes, as Twilio sends for a voice call.

use std::{
    hint::black_box,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rinban::voice::{SignedRequest, SigningKeys};
use secrecy::SecretString;
use sha1::Sha1;

use crate::{
    programs::scratch,
    report::{Row, per_second},
    rounds::{interleaved, median, median_ratio},
};

const ROUNDS: usize = 15;
const SLICE: Duration = Duration::from_millis(200);
const TOKEN: &str = "2f0c1a7be5d94386a1c07e3fb2d89c54";
const URL: &str =
    "https://oncall.example.com/v1/calls/twilio/AAAAAAAAAAcAAAABaQ0yLw.Yq8zXh3vTn0/status";
const PARAMETERS: usize = 25;
const BODY_BYTES: usize = 666;

/// Checks a second on one core. It does not move with the machine: the ratios beside it say how much of a miss is the CPU's.
const GOAL: f64 = 600_000.0;

/// A webhook with all that a check needs.
struct Webhook {
    body: String,
    signed: String,
    signature: String,
}

impl Webhook {
    fn new() -> Self {
        let mut form: Vec<(&str, String)> = [
            ("AccountSid", "AC00000000000000000000000000000000"),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", "CA0123456789abcdef0123456789abcdef"),
            ("CallStatus", "completed"),
            ("CallbackSource", "call-progress-events"),
            ("Called", "+819012345678"),
            ("CalledCity", ""),
            ("CalledCountry", "JP"),
            ("CalledState", ""),
            ("CalledZip", ""),
            ("Caller", "+815000000000"),
            ("CallerCity", ""),
            ("CallerCountry", "JP"),
            ("CallerState", ""),
            ("CallerZip", ""),
            ("CallDuration", "17"),
            ("Direction", "outbound-api"),
            ("Duration", "1"),
            ("From", "+815000000000"),
            ("FromCountry", "JP"),
            ("SequenceNumber", "3"),
            ("SipResponseCode", "200"),
            ("Timestamp", "Sun, 22 Nov 2026 02:14:48 +0000"),
            ("To", "+819012345678"),
            ("StirVerstat", ""),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
        assert_eq!(form.len(), PARAMETERS);
        // The last value is filled up, so that the body has its length.
        let missing = BODY_BYTES - encode(&form).len();
        if let Some((_, value)) = form.last_mut() {
            *value = "x".repeat(missing);
        }
        let body = encode(&form);
        assert_eq!(body.len(), BODY_BYTES);
        form.sort();
        let mut signed = URL.to_owned();
        for (name, value) in &form {
            signed.push_str(name);
            signed.push_str(value);
        }
        let signature = STANDARD.encode(hmac(&keyed(), signed.as_bytes()));
        Self {
            body,
            signed,
            signature,
        }
    }

    fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            url: URL,
            method: "POST",
            body: self.body.as_bytes(),
            content_type: Some("application/x-www-form-urlencoded; charset=UTF-8"),
            signature: Some(&self.signature),
            settings: None,
        }
    }
}

fn encode(form: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn keyed() -> Hmac<Sha1> {
    <Hmac<Sha1>>::new_from_slice(TOKEN.as_bytes()).expect("a key of any length")
}

fn hmac(key: &Hmac<Sha1>, text: &[u8]) -> [u8; 20] {
    key.clone()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .into()
}

/// Times a second of this thread's time on a core: what others do with the machine is not counted.
fn rate(mut once: impl FnMut()) -> f64 {
    let (begin, used) = (Instant::now(), thread_seconds());
    let mut times = 0;
    while begin.elapsed() < SLICE {
        for _ in 0..256 {
            once();
        }
        times += 256;
    }
    f64::from(times) / (thread_seconds() - used)
}

/// How long this thread has run so far.
fn thread_seconds() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = schedstat
        .split(' ')
        .next()
        .and_then(|time| time.parse::<f64>().ok());
    nanoseconds.expect("it begins with the time on a core") / 1e9
}

pub(crate) fn figure() -> Vec<Row> {
    let webhook = Webhook::new();
    let token = SecretString::from(TOKEN);
    let keys = SigningKeys::new([&token], []);
    let mut verify = || {
        rate(|| {
            let form = keys.verify(black_box(&webhook.request()));
            assert!(black_box(form).is_ok());
        })
    };
    let key = keyed();
    let mut alone = || {
        rate(|| {
            black_box(hmac(&key, black_box(webhook.signed.as_bytes())));
        })
    };
    let mut openssl = || openssl(webhook.signed.len());
    let results = interleaved(ROUNDS, &mut [&mut verify, &mut alone, &mut openssl]);
    let [ours, alone, openssl] = [0, 1, 2].map(|at| median(&results[at]));
    let row = |what: &str, reference: f64| {
        Row::new(what)
            .reference(per_second(reference))
            .ours(per_second(ours))
    };
    let mut rows = vec![
        row(
            "signature check from the raw body, beside HMAC alone",
            alone,
        )
        .ratio(ours / alone)
        .absolute(format!(">= {}", per_second(GOAL)), ours >= GOAL),
    ];
    if openssl.is_finite() {
        let row = row("the same beside openssl speed", openssl);
        rows.push(row.ratio(ours / openssl));
    }
    if std::env::var_os("RINBAN_VALIDATORS").is_some() {
        rows.extend(validators(&webhook, &mut verify));
    }
    rows
}

/// HMAC-SHA1 of as many bytes, times a second, as OpenSSL measures it; not a number where it is not installed.
fn openssl(bytes: usize) -> f64 {
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", "1", "-hmac", "sha1", "-bytes"])
        .arg(bytes.to_string())
        .stderr(Stdio::null())
        .output();
    let Ok(output) = output else { return f64::NAN };
    // The line `+F:...` ends in bytes a second.
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.starts_with("+F:"))
        .find_map(|line| line.rsplit(':').next()?.trim().parse::<f64>().ok())
        .map_or(f64::NAN, |per_second| per_second / bytes as f64)
}

const NODE: &str = r#"
const { validateRequest } = require('twilio');
const [token, url, signature, body] = process.argv.slice(1);
const once = () => validateRequest(token, signature, url, Object.fromEntries(new URLSearchParams(body)));
if (!once()) throw new Error('not valid');
for (let n = 0; n < 20000; n++) once();
const begin = process.hrtime.bigint();
let times = 0;
while (process.hrtime.bigint() - begin < 500000000n) { for (let n = 0; n < 256; n++) once(); times += 256; }
console.log(times / (Number(process.hrtime.bigint() - begin) / 1e9));
"#;

const PYTHON: &str = r#"
import sys, time
from urllib.parse import parse_qsl
from twilio.request_validator import RequestValidator
token, url, signature, body = sys.argv[1:]
validator = RequestValidator(token)
once = lambda: validator.validate(url, dict(parse_qsl(body, keep_blank_values=True)), signature)
assert once()
begin, times = time.perf_counter(), 0
while time.perf_counter() - begin < 0.5:
    for _ in range(64): once()
    times += 64
print(times / (time.perf_counter() - begin))
"#;

/// The carrier's own validators, from the raw body as well.
fn validators(webhook: &Webhook, verify: &mut dyn FnMut() -> f64) -> Vec<Row> {
    let dir = scratch().join("validators");
    std::fs::create_dir_all(&dir).expect("a directory");
    let python = dir.join("venv/bin/python");
    let node = fetch(
        &dir,
        "npm",
        &["install", "--silent", "--prefix", ".", "twilio"],
    )
    .then(|| PathBuf::from("node"));
    let python = (fetch(&dir, "python3", &["-m", "venv", "venv"])
        && fetch(&dir, "venv/bin/pip", &["install", "--quiet", "twilio"]))
    .then_some(python);
    [
        ("twilio-node", node, ["-e", NODE], 3.0),
        ("twilio-python", python, ["-c", PYTHON], 45.0),
    ]
    .into_iter()
    .map(|(name, program, script, goal)| {
        let row = Row::new(format!(
            "signature check beside {name}, both from the raw body"
        ));
        let Some(program) = program else {
            return row.reference("cannot be fetched here");
        };
        let mut theirs = || say_rate(&dir, &program, script, webhook);
        let results = interleaved(5, &mut [&mut *verify, &mut theirs]);
        row.reference(per_second(median(&results[1])))
            .ours(per_second(median(&results[0])))
            .at_least(median_ratio(&results[0], &results[1]), goal)
    })
    .collect()
}

fn fetch(dir: &Path, program: &str, args: &[&str]) -> bool {
    let program = match program.contains('/') {
        true => dir.join(program),
        false => program.into(),
    };
    Command::new(program)
        .args(args)
        .current_dir(dir)
        .status()
        .is_ok_and(|status| status.success())
}

/// What the script prints.
fn say_rate(dir: &Path, program: &Path, script: [&str; 2], webhook: &Webhook) -> f64 {
    let output = Command::new(program)
        .args(script)
        .args([TOKEN, URL, &webhook.signature, &webhook.body])
        .env("NODE_PATH", dir.join("node_modules"))
        .output()
        .expect("starts");
    let _ = std::io::stderr().write_all(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    printed.trim().parse().unwrap_or(f64::NAN)
}
