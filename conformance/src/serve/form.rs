//! Form fields as a request brings them: decoded, in order, with repeated names kept apart (`StatusCallbackEvent`).

use serde::{Serialize, Serializer, ser::SerializeSeq as _};

/// The fields of a request, or of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// All values of a name that say something: an empty value is the same as none.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The value of a name that stands once. If it is repeated, the last counts.
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    /// Whether a name occurs, be its value empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Names and values.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Without the fields of these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        Self(kept.cloned().collect())
    }

    /// Writes `application/x-www-form-urlencoded`.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Form {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// A list of pairs: a map would lose what is repeated.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for pair in &self.0 {
            list.serialize_element(pair)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_kept_and_an_empty_value_is_none() {
        let form = Form::parse(b"A=1&B=&A=2%20x&C+D=%E7%95%AA");
        assert_eq!(form.all("A").collect::<Vec<_>>(), ["1", "2 x"]);
        assert_eq!(form.get("A"), Some("2 x"));
        assert_eq!((form.get("B"), form.has("B")), (None, true));
        assert_eq!(form.get("C D"), Some("番"));
        assert_eq!(Form::parse(form.encoded().as_bytes()), form);
        assert_eq!(form.without(&["A", "C D"]).encoded(), "B=");
        let json = serde_json::to_string(&form.without(&["A"])).expect("JSON");
        assert_eq!(json, r#"[["B",""],["C D","番"]]"#);
    }
}
