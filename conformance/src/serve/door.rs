//! Where requests come in: read to their end, and handed to the REST API or the control API.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, body::Incoming, header};

use super::{
    control,
    form::Form,
    port::{Answer, Reply, Spoil},
    refusal::Refusal,
    rest::{self, Asked},
    stand_in::Shared,
};

/// Bytes of a request's body. The longest that makes sense holds 4,000 characters of TwiML, each nine bytes.
const LONGEST_BODY: usize = 64 * 1024;

impl Answer for Shared {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, spoil: Spoil) -> Reply {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
            let refusal = Refusal::with(413, 20001, "The body of the request is too large.");
            return rest::json(413, &refusal.body());
        };
        let body = body.to_bytes();
        let query = Form::parse(head.uri.query().unwrap_or_default().as_bytes());
        let path = head.uri.path();
        if let Some(path) = path.strip_prefix(control::ROOT) {
            let method = head.method.as_str();
            let order = control::Order {
                method,
                path,
                query: &query,
                body: &body,
            };
            return control::answer(&self, &order);
        }
        let authorization = head.headers.get(header::AUTHORIZATION);
        let asked = Asked {
            method: head.method.to_string(),
            path: path.to_owned(),
            query,
            form: Form::parse(&body),
            credentials: authorization.and_then(|value| credentials(value.to_str().ok()?)),
        };
        rest::answer(&self, &asked, &spoil).await
    }
}

/// User and password of basic authentication.
fn credentials(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_as_rfc_7617_writes_them() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (value, expected) in [
            ("Basic QUMwOnA6dw==", pair("AC0", "p:w")),
            ("basic QUMwOnA6dw==", pair("AC0", "p:w")),
            ("Bearer QUMwOnA6dw==", None),
            ("Basic QUMw", None),
            ("Basic ?", None),
            ("Basic", None),
        ] {
            assert_eq!(credentials(value), expected, "{value}");
        }
    }
}
