//! A request of the carrier: what it is about, signed, and ready for the wire.

use super::{
    address::Address,
    signature::{self, Algorithm, Port},
    wire::Request,
};

/// Parameters in the order in which they are sent.
pub type Form = Vec<(String, String)>;

/// How a webhook is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Parameters in the body; what the carrier does unless told otherwise.
    #[default]
    Post,
    /// Parameters behind the address's own query.
    Get,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// In the body of a POST, or the query of a GET.
    Form(Form),
    /// A JSON text, whose hash the address carries as `bodySHA256`.
    Json(Vec<u8>),
}

/// A request that is not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// GET or POST.
    pub method: Method,
    /// Where it goes, as the receiver knows the place.
    pub address: Address,
    /// What it carries.
    pub payload: Payload,
    /// The same for every delivery of one webhook.
    pub idempotency_token: String,
    /// Whether the port is signed.
    pub port: Port,
    /// Which hash signs it.
    pub algorithm: Algorithm,
}

/// A signed request, and what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// For the wire.
    pub request: Request,
    /// The text under the signature.
    pub string: String,
}

/// Who calls whom: the parameters that come with every request of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// `AC...`
    pub account_sid: String,
    /// `CA...`
    pub call_sid: String,
    /// The number that calls.
    pub from: String,
    /// The number that is called.
    pub to: String,
    /// `inbound` or `outbound-api`.
    pub direction: &'static str,
}

impl Method {
    /// As it stands in the request line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET",
        }
    }

    /// Reads the value of a `method` attribute or parameter, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "POST" => Some(Self::Post),
            "GET" => Some(Self::Get),
            _ => None,
        }
    }
}

impl Webhook {
    /// A form, signed as voice requests are.
    pub fn new(method: Method, address: Address, form: Form, idempotency_token: &str) -> Self {
        Self {
            method,
            address,
            payload: Payload::Form(form),
            idempotency_token: idempotency_token.to_owned(),
            port: Port::default(),
            algorithm: Algorithm::default(),
        }
    }

    /// Where it is sent: a GET and a JSON body have more in their query than was configured.
    pub fn sent_to(&self) -> Address {
        let added = match (&self.payload, self.method) {
            (Payload::Json(body), _) => format!("bodySHA256={}", signature::body_sha256(body)),
            (Payload::Form(form), Method::Get) => encode(form),
            (Payload::Form(_), Method::Post) => return self.address.clone(),
        };
        let address = &self.address;
        let mark = match address.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        address.with_target(format!("{}{mark}{added}", address.request_target()))
    }

    /// The text that is signed.
    pub fn signed_string(&self) -> String {
        let form = match (&self.payload, self.method) {
            (Payload::Form(form), Method::Post) => form.as_slice(),
            _ => &[],
        };
        let form = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        signature::signed_string(&self.sent_to(), self.port, form)
    }

    /// Signs it with the auth token, or the shared key.
    pub fn sign(&self, key: &str) -> Signed {
        let string = self.signed_string();
        let signature = signature::sign(self.algorithm, key, &string);
        let mut headers = self.headers();
        headers.push((signature::HEADER.to_owned(), signature));
        if let Some(settings) = self
            .algorithm
            .settings("SK00000000000000000000000000000001")
        {
            headers.push((signature::SETTINGS_HEADER.to_owned(), settings));
        }
        let request = Request {
            method: self.method.name().to_owned(),
            address: self.sent_to(),
            headers,
            body: self.body(),
        };
        Signed { request, string }
    }

    /// Twilio's own, as captured requests show them.
    fn headers(&self) -> Form {
        let mut headers = vec![
            ("User-Agent", "TwilioProxy/1.1".to_owned()),
            ("Accept", "*/*".to_owned()),
            ("Cache-Control", "max-age=259200".to_owned()),
            ("I-Twilio-Idempotency-Token", self.idempotency_token.clone()),
        ];
        match (&self.payload, self.method) {
            (Payload::Json(_), _) => headers.push(("Content-Type", "application/json".to_owned())),
            (Payload::Form(_), Method::Post) => headers.push((
                "Content-Type",
                "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
            )),
            (Payload::Form(_), Method::Get) => {}
        }
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        headers.into_iter().map(owned).collect()
    }

    fn body(&self) -> Vec<u8> {
        match (&self.payload, self.method) {
            (Payload::Json(body), _) => body.clone(),
            (Payload::Form(form), Method::Post) => encode(form).into_bytes(),
            (Payload::Form(_), Method::Get) => Vec::new(),
        }
    }
}

impl CallFacts {
    /// The parameters of a request of this call. Many come with an empty value, as they do in captured requests.
    pub fn parameters(&self, status: &str) -> Form {
        let mut form = vec![
            ("AccountSid", self.account_sid.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", &self.call_sid),
            ("CallStatus", status),
            ("Called", &self.to),
            ("Caller", &self.from),
            ("Direction", self.direction),
            ("From", &self.from),
            ("To", &self.to),
        ];
        for empty in [
            "CalledCity",
            "CalledZip",
            "CalledState",
            "CallerCity",
            "CallerState",
            "CallerZip",
            "FromCity",
            "FromState",
            "FromZip",
            "ToCity",
            "ToState",
            "ToZip",
        ] {
            form.push((empty, ""));
        }
        for country in ["CalledCountry", "CallerCountry", "FromCountry", "ToCountry"] {
            form.push((country, "JP"));
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        form.into_iter().map(owned).collect()
    }
}

/// A form as it stands in a body or a query: blanks as `+`.
fn encode(form: &Form) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(method: Method, url: &str) -> Webhook {
        let form = vec![
            ("b c".to_owned(), "é".to_owned()),
            ("a".to_owned(), String::new()),
        ];
        Webhook::new(method, Address::parse(url).expect(url), form, "token")
    }

    #[test]
    fn the_parameters_of_a_post_are_in_its_body_and_signed_sorted() {
        let signed = webhook(Method::Post, "https://h:1/a?x=1#rc=2").sign("key");
        assert_eq!(signed.string, "https://h/a?x=1ab cé");
        assert_eq!(signed.request.body, b"b+c=%C3%A9&a=");
        assert_eq!(signed.request.address.target(), "/a?x=1");
    }

    #[test]
    fn the_parameters_of_a_get_follow_its_own_query_and_are_signed_there() {
        for (url, sent) in [
            ("http://h/a?x=1", "http://h/a?x=1&b+c=%C3%A9&a="),
            ("http://h/a?", "http://h/a?b+c=%C3%A9&a="),
            ("http://h", "http://h/?b+c=%C3%A9&a="),
        ] {
            let signed = webhook(Method::Get, url).sign("key");
            assert_eq!(signed.string, sent);
            assert!(signed.request.body.is_empty());
        }
    }

    #[test]
    fn a_json_body_is_signed_by_its_hash_in_the_address() {
        let json = Webhook {
            payload: Payload::Json(b"{}".to_vec()),
            ..webhook(Method::Post, "http://h/a")
        };
        let hash = signature::body_sha256(b"{}");
        assert_eq!(
            json.signed_string(),
            format!("http://h/a?bodySHA256={hash}")
        );
    }
}
