//! A detour: the place that a handler believes to be at, and where it really listens.

use super::super::address::Address;

/// Requests for addresses below one base go to another. This is what a proxy in front of a handler does, and what a handler that
/// runs on this machine but believes itself on the internet needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    public: Address,
    real: Address,
}

impl Route {
    /// What is below `public` is reached at the host of `real`. The path of `public` is a prefix that the proxy takes away.
    pub fn new(public: Address, real: Address) -> Self {
        let prefix = public.path().trim_end_matches('/').to_owned();
        Self {
            public: public.with_target(prefix).with_fragment(None),
            real: real.with_target("").with_fragment(None),
        }
    }

    /// Where the request for an address goes.
    pub fn dial(&self, address: &Address) -> Address {
        let is_below = address.is_at(&self.public);
        let below = address.target().strip_prefix(self.public.target());
        match below.filter(|rest| is_below && (rest.is_empty() || rest.starts_with(['/', '?']))) {
            Some(rest) => self.real.with_target(rest),
            None => address.clone(),
        }
    }

    /// The public name of a path and query at the real place.
    pub fn public(&self, target: &str) -> Address {
        self.public
            .with_target(format!("{}{target}", self.public.target()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    #[test]
    fn what_is_below_the_public_address_is_reached_at_the_real_one() {
        let route = Route::new(
            address("https://h.example/page/"),
            address("http://127.0.0.1:80/x"),
        );
        let check = |url: &str, dialled: &str| {
            assert_eq!(route.dial(&address(url)).to_string(), dialled);
        };
        check(
            "https://h.example/page/voice//a?b",
            "http://127.0.0.1:80/voice//a?b",
        );
        check("https://H.example/page", "http://127.0.0.1:80");
        check(
            "https://h.example:443/page/voice",
            "http://127.0.0.1:80/voice",
        );
        check("https://h.example:80/page", "https://h.example:80/page");
        check("http://h.example:443/page", "http://h.example:443/page");
        check("https://h.example/pages", "https://h.example/pages");
        check("https://other/page/voice", "https://other/page/voice");
        assert_eq!(
            route.public("/voice/?x").to_string(),
            "https://h.example/page/voice/?x"
        );
    }
}
