//! Phone numbers in E.164.

use std::{fmt, sync::Arc};

/// A phone number in E.164: `+` and 7 to 15 digits, the first not 0. `Debug` and [`fmt::Display`] show only the last
/// four digits; [`PhoneNumber::e164`] gives it whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(Arc<str>);

/// Why a text is not a phone number; says how to mend it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a phone number in E.164: write `+`, the country code and the number without its leading 0 and without blanks or hyphens, such as +819012345678"
)]
pub struct PhoneNumberError;

impl PhoneNumber {
    /// Reads a number in E.164 (ITU-T E.164: at most 15 digits).
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let digits = text.strip_prefix('+').ok_or(PhoneNumberError)?;
        let well_formed = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed {
            Ok(Self(Arc::from(text)))
        } else {
            Err(PhoneNumberError)
        }
    }

    /// The whole number, for the provider's request and the roster only.
    pub fn e164(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+…{}", &self.0[self.0.len() - 4..])
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_e164_is_a_phone_number() {
        for good in ["+819012345678", "+14155550100", "+1234567"] {
            assert!(PhoneNumber::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "+",
            "09012345678",
            "+0901234567",
            "+81 90",
            "+81-90-1234-5678",
            "+1234567890123456",
            "+８１９０",
        ] {
            assert_eq!(PhoneNumber::parse(bad), Err(PhoneNumberError), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_is_masked_when_printed() {
        let number = PhoneNumber::parse("+819012345678").expect("E.164");
        assert_eq!(format!("{number} {number:?}"), "+…5678 +…5678");
    }
}
