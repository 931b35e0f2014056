//! All signature vectors against the verifier; `fixtures/signatures/README.md` describes the file.

use serde::Deserialize;

use super::{SignatureError, SignedRequest, SigningKeys};

/// Points the test at another file of the same form.
const FILE_VARIABLE: &str = "RINBAN_SIGNATURE_VECTORS";

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

type Parameters = Vec<(String, Option<String>)>;

/// Fields that only explain (`note`, `verdicts`, ...) are passed over.
#[derive(Deserialize)]
struct Vector {
    id: String,
    token: Option<String>,
    algorithm: Option<String>,
    method: Option<String>,
    signed_url: Option<String>,
    params: Option<Parameters>,
    body: Option<String>,
    request_url: Option<String>,
    request_params: Option<Parameters>,
    request_body: Option<String>,
    presented_signature: Option<String>,
    expect: String,
}

/// What the receiver sees of a body.
enum Body {
    Form(String),
    Json(String),
}

impl Vector {
    /// What was received stands for itself; where nothing is said of it, it is what was sent.
    fn received_body(&self) -> Body {
        let form = |parameters: &Parameters| {
            let mut body = form_urlencoded::Serializer::new(String::new());
            for (name, value) in parameters {
                body.append_pair(name, value.as_deref().unwrap_or_default());
            }
            Body::Form(body.finish())
        };
        match (
            &self.request_body,
            &self.request_params,
            &self.body,
            &self.params,
        ) {
            (Some(json), ..) | (None, None, Some(json), _) => Body::Json(json.clone()),
            (None, Some(parameters), ..) | (None, None, None, Some(parameters)) => form(parameters),
            (None, None, None, None) => Body::Form(String::new()),
        }
    }

    fn verdict(&self) -> Result<(), SignatureError> {
        let (content_type, body) = match self.received_body() {
            Body::Form(body) => ("application/x-www-form-urlencoded", body),
            Body::Json(body) => ("application/json", body),
        };
        // The key stands in both places, so that a signature of one algorithm could pass for the other if it ever did.
        let key = self.token.as_deref().unwrap_or_default().into();
        let settings = self
            .algorithm
            .as_deref()
            .filter(|&algorithm| algorithm != "HMAC_SHA1")
            .map(|algorithm| format!("key=SK1,algorithm={algorithm}"));
        let url = self.request_url.as_deref().or(self.signed_url.as_deref());
        SigningKeys::new([&key], [&key])
            .verify(&SignedRequest {
                url: url.unwrap_or_default(),
                method: self.method.as_deref().unwrap_or("POST"),
                body: body.as_bytes(),
                content_type: Some(content_type),
                signature: self.presented_signature.as_deref(),
                settings: settings.as_deref(),
            })
            .map(drop)
    }

    /// What is wrong, if the verdict is not the one wanted.
    fn failure(&self) -> Option<String> {
        let verdict = self.verdict();
        let right = match self.expect.as_str() {
            "accept" => verdict.is_ok(),
            "reject" => verdict.is_err(),
            _ => false,
        };
        (!right).then(|| format!("{}: wanted {}, got {verdict:?}", self.id, self.expect))
    }
}

#[test]
fn all_signature_vectors_have_the_verdict_that_is_wanted() {
    let path = std::env::var_os(FILE_VARIABLE).map_or_else(
        || {
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("fixtures/signatures/vectors.json")
        },
        Into::into,
    );
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let file: File = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is not a vector file: {error}", path.display()));
    assert!(
        !file.vectors.is_empty(),
        "{} holds no vectors",
        path.display()
    );
    let failures: Vec<String> = file.vectors.iter().filter_map(Vector::failure).collect();
    assert!(
        failures.is_empty(),
        "{} of {} vectors of {} fail:\n{}",
        failures.len(),
        file.vectors.len(),
        path.display(),
        failures.join("\n"),
    );
}
