//! Single fields, each with the code of its refusal.

use std::time::Duration;

use crate::{
    serve::{form::Form, refusal::Refusal},
    twilio::{Address, Method, twiml::Target},
};

/// A number to call or to call from.
pub(super) fn number<'a>(
    form: &'a Form,
    name: &'a str,
    missing: u32,
    invalid: u32,
) -> Result<&'a str, Refusal> {
    let number = form
        .get(name)
        .ok_or_else(|| Refusal::bad(missing, format!("A '{name}' phone number is required.")))?;
    if is_e164(number) {
        return Ok(number);
    }
    let message = format!("The '{name}' number {number} is not a valid phone number.");
    Err(Refusal::bad(invalid, message))
}

/// E.164: + and 7 to 15 digits, the first of which is no zero.
pub(super) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

/// An address and its method; none if the address is not given.
pub(super) fn endpoint(
    form: &Form,
    name: &str,
    method_name: &str,
    invalid: u32,
) -> Result<Option<Target>, Refusal> {
    let method = method(form, method_name)?;
    let Some(url) = form.get(name) else {
        return Ok(None);
    };
    let bad = |error| Refusal::bad(invalid, format!("{name} is not a valid URL: {error}"));
    let address = Address::parse(url).map_err(bad)?;
    Ok(Some(Target { address, method }))
}

/// The same for status callbacks, in whose host names underscores are not allowed.
pub(super) fn status_callback(form: &Form) -> Result<Option<Target>, Refusal> {
    let found = endpoint(form, "StatusCallback", "StatusCallbackMethod", 21609)?;
    if found
        .as_ref()
        .is_some_and(|to| to.address.host().contains('_'))
    {
        let message = "StatusCallback is not a valid URL: its host name has an underscore";
        return Err(Refusal::bad(21609, message));
    }
    Ok(found)
}

fn method(form: &Form, name: &str) -> Result<Method, Refusal> {
    let Some(text) = form.get(name) else {
        return Ok(Method::default());
    };
    let message = || format!("{name} must be GET or POST, not {text}");
    Method::parse(text).ok_or_else(|| Refusal::bad(21209, message()))
}

/// A whole number within bounds.
pub(super) fn whole(
    form: &Form,
    name: &str,
    (least, most): (u64, u64),
    invalid: u32,
) -> Result<Option<u64>, Refusal> {
    let Some(text) = form.get(name) else {
        return Ok(None);
    };
    let number = text.parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    let message = || format!("{name} must be a whole number from {least} to {most}, not {text}");
    let number = number.ok_or_else(|| Refusal::bad(invalid, message()))?;
    Ok(Some(number))
}

/// Seconds, or the usual ones.
pub(super) fn seconds(
    form: &Form,
    name: &str,
    usual: u64,
    most: u64,
    invalid: u32,
) -> Result<Duration, Refusal> {
    let given = whole(form, name, (1, most), invalid)?;
    Ok(Duration::from_secs(given.unwrap_or(usual)))
}

/// `true` or `false`, in capitals or not; unsaid is false.
pub(super) fn flag(form: &Form, name: &str) -> Result<bool, Refusal> {
    match form.get(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(text) => {
            let message = format!("{name} must be true or false, not {text}");
            Err(Refusal::bad(20001, message))
        }
    }
}
