//! Which provider carries an attempt. Pure, given health and time.

pub mod breaker;
pub mod delivery;
pub mod limiter;
pub mod ratio;

use crate::escalation::ProviderName;

/// The providers in the operator's order of preference.
#[derive(Clone, Debug)]
pub struct Dispatch {
    providers: Vec<ProviderName>,
}

impl Dispatch {
    /// Prefers the first.
    pub fn new(providers: Vec<ProviderName>) -> Self {
        Self { providers }
    }

    /// The provider that carries the next attempt to a person whom these have failed already (P8).
    pub fn pick(&self, tried: &[ProviderName]) -> Option<&ProviderName> {
        self.providers
            .iter()
            .find(|provider| !tried.contains(provider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_failed_a_person_is_not_asked_again() {
        let dispatch = Dispatch::new(vec!["twilio".into(), "spare".into()]);
        assert_eq!(dispatch.pick(&[]), Some(&"twilio".into()));
        assert_eq!(dispatch.pick(&["twilio".into()]), Some(&"spare".into()));
        assert_eq!(dispatch.pick(&["twilio".into(), "spare".into()]), None);
    }
}
