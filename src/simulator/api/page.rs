//! Lists, a page at a time.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::form;

const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Page {
    query: Vec<(String, String)>,
    size: usize,
    number: usize,
}

impl Page {
    /// Reads a query. A size or a number that is none counts as not given.
    pub(super) fn read(query: Option<&str>) -> Self {
        let mut page = Self {
            query: form(query.unwrap_or_default().as_bytes()),
            size: DEFAULT_PAGE,
            number: 0,
        };
        let number = |name: &str| page.get(name).and_then(|text| text.parse::<usize>().ok());
        let (size, at) = (number("PageSize"), number("Page"));
        page.size = size.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
        page.number = at.unwrap_or(0);
        page
    }

    /// What is asked of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let given = self.query.iter().rfind(|(key, _)| key == name);
        given.map(|(_, value)| value.as_str())
    }

    /// Whether a value is asked for, or nothing in particular.
    pub(super) fn asks(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|wanted| wanted == value)
    }

    /// The page of these resources, under the name of their kind; `path` is that of the list.
    pub(super) fn show(
        &self,
        kind: &str,
        path: &str,
        matching: impl Iterator<Item = Value>,
    ) -> Response {
        let start = self.number.saturating_mul(self.size);
        let mut matching = matching.skip(start);
        let shown: Vec<Value> = matching.by_ref().take(self.size).collect();
        let address = |page: usize| self.address(path, page);
        let end = start.saturating_add(shown.len().saturating_sub(1));
        let more = matching.next().is_some();
        Json(json!({
            (kind): shown,
            "page": self.number,
            "page_size": self.size,
            "start": start,
            "end": end,
            "uri": address(self.number),
            "first_page_uri": address(0),
            "next_page_uri": more.then(|| address(self.number.saturating_add(1))),
            "previous_page_uri": self.number.checked_sub(1).map(address),
        }))
        .into_response()
    }

    fn address(&self, path: &str, page: usize) -> String {
        let kept = self
            .query
            .iter()
            .filter(|(name, _)| name != "Page" && name != "PageSize");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("PageSize", &self.size.to_string())
            .append_pair("Page", &page.to_string())
            .finish();
        format!("{path}?{query}")
    }
}
