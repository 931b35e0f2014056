//! Forged requests: each is made from a genuine one by one named change, so that a failure names what was let through.

use crate::twilio::{
    Signed, Webhook,
    signature::{self, Algorithm},
};

use super::variation::form;

/// A request that is about to be signed: what is signed, with what, and what is sent in the end.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the signature covers.
    pub signed: Webhook,
    /// What is sent.
    pub sent: Webhook,
    /// The key, if not the handler's own.
    pub key: Option<String>,
    /// The header's value, if it is not the signature as it was made; `Some(None)`: no header.
    pub header: Option<Option<String>>,
}

/// One named change.
#[derive(Clone, Copy)]
pub struct Forgery {
    /// What was changed, for people.
    pub name: &'static str,
    /// Changes it, or says why that makes no sense here.
    pub change: fn(&mut Draft, &Keys<'_>) -> Result<(), &'static str>,
}

/// The keys that forgers may have.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'k> {
    /// The handler's own.
    pub right: &'k str,
    /// One that was the handler's once.
    pub stale: Option<&'k str>,
}

impl Draft {
    /// A genuine request.
    pub fn new(webhook: Webhook) -> Self {
        Self {
            signed: webhook.clone(),
            sent: webhook,
            key: None,
            header: None,
        }
    }

    /// The genuine signature.
    pub fn genuine(&self, keys: &Keys<'_>) -> String {
        let string = self.signed.signed_string();
        signature::sign(self.signed.algorithm, keys.right, &string)
    }

    /// The request with the signature as it was forged.
    pub fn finish(&self, keys: &Keys<'_>) -> Signed {
        let key = self.key.as_deref().unwrap_or(keys.right);
        let forged = self.signed.sign(key);
        let mut request = self.sent.sign(key).request;
        let header = self.header.clone();
        let header =
            header.unwrap_or_else(|| forged.request.header(signature::HEADER).map(str::to_owned));
        match header {
            Some(value) => request = request.with_header(signature::HEADER, &value),
            None => request
                .headers
                .retain(|(name, _)| name != signature::HEADER),
        }
        Signed {
            request,
            string: forged.string,
        }
    }

    /// Whether the change has changed nothing that a signature covers: no separators stand between names and values, so some
    /// changes cannot be seen.
    pub fn is_genuine(&self, keys: &Keys<'_>) -> bool {
        let signed = self.finish(keys);
        let given = signed.request.header(signature::HEADER);
        let genuine = |webhook: &Webhook| {
            signature::sign(Algorithm::HmacSha1, keys.right, &webhook.signed_string())
        };
        given == Some(genuine(&self.sent).as_str())
    }
}

/// Changes what is sent after it was signed.
fn sent(draft: &mut Draft) -> &mut Vec<(String, String)> {
    form(&mut draft.sent)
}

/// The first parameter that has a value.
fn filled(form: &mut [(String, String)]) -> Result<&mut (String, String), &'static str> {
    let mut filled = form.iter_mut();
    filled
        .find(|(_, value)| !value.is_empty())
        .ok_or("no parameter has a value")
}

/// Signs with another key.
pub fn with_key(draft: &mut Draft, key: &str) -> Result<(), &'static str> {
    draft.key = Some(key.to_owned());
    Ok(())
}

/// Writes the signature differently.
pub fn rewrite(
    draft: &mut Draft,
    keys: &Keys<'_>,
    write: impl Fn(&str) -> String,
) -> Result<(), &'static str> {
    let genuine = draft.genuine(keys);
    let written = write(&genuine);
    if written == genuine {
        return Err("this signature looks the same that way");
    }
    draft.header = Some(Some(written));
    Ok(())
}

/// Sends another query than was signed.
pub fn query(draft: &mut Draft, signed: &str, sent: &str) -> Result<(), &'static str> {
    draft.signed.address = super::variation::add_query(&draft.signed.address, signed);
    draft.sent.address = match sent {
        "" => draft.sent.address.clone(),
        sent => super::variation::add_query(&draft.sent.address, sent),
    };
    Ok(())
}

/// Changes of any form, which the generated cases choose from.
pub const OF_FORMS: [Forgery; 8] = [
    Forgery {
        name: "the value of a parameter was changed",
        change: |draft, _| {
            filled(sent(draft))?.1.push('0');
            Ok(())
        },
    },
    Forgery {
        name: "the value of a parameter was emptied",
        change: |draft, _| {
            filled(sent(draft))?.1.clear();
            Ok(())
        },
    },
    Forgery {
        name: "a parameter was taken out",
        change: |draft, _| {
            let form = sent(draft);
            let at = form.iter().rposition(|(name, _)| name != "CallSid");
            form.remove(at.ok_or("there is no parameter")?);
            Ok(())
        },
    },
    Forgery {
        name: "a parameter was added",
        change: |draft, _| {
            sent(draft).push(("Injected".to_owned(), "1".to_owned()));
            Ok(())
        },
    },
    Forgery {
        name: "an empty parameter was added",
        change: |draft, _| {
            sent(draft).push(("Injected".to_owned(), String::new()));
            Ok(())
        },
    },
    Forgery {
        name: "a parameter was renamed",
        change: |draft, _| {
            filled(sent(draft))?.0.push('_');
            Ok(())
        },
    },
    Forgery {
        name: "two values were exchanged",
        change: |draft, _| {
            let form = sent(draft);
            let other = (1..form.len()).rev().find(|&at| form[at].1 != form[0].1);
            let other = other.ok_or("all values are equal")?;
            let first = std::mem::take(&mut form[0].1);
            form[0].1 = std::mem::replace(&mut form[other].1, first);
            Ok(())
        },
    },
    Forgery {
        name: "the query got another parameter",
        change: |draft, _| {
            draft.sent.address = super::variation::add_query(&draft.sent.address, "injected=1");
            Ok(())
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::{Address, Method};

    const KEYS: Keys<'_> = Keys {
        right: "right",
        stale: None,
    };

    fn draft() -> Draft {
        let address = Address::parse("http://h/voice").expect("an address");
        let form = [("CallSid", "CA1"), ("Digits", ""), ("From", "+81")];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Draft::new(Webhook::new(Method::Post, address, form.to_vec(), "token"))
    }

    #[test]
    fn a_draft_without_a_change_is_genuine_and_with_any_change_is_not() {
        assert!(draft().is_genuine(&KEYS));
        for forgery in OF_FORMS {
            let mut forged = draft();
            assert_eq!(
                (forgery.change)(&mut forged, &KEYS),
                Ok(()),
                "{}",
                forgery.name
            );
            assert!(!forged.is_genuine(&KEYS), "{}", forgery.name);
        }
    }

    #[test]
    fn a_value_that_moves_into_its_name_cannot_be_seen() {
        let mut draft = draft();
        form(&mut draft.sent)[2] = ("From+".to_owned(), "81".to_owned());
        assert!(draft.is_genuine(&KEYS));
    }
}
