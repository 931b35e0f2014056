//! Looking into JSON whose fields may be absent, null or of another type than they were yesterday.

use serde_json::Value;

use super::{Bounds, SourceError};

/// The value as one text: texts without the blanks around them, numbers and flags as JSON writes them. Nothing for an empty text,
/// null, lists and objects.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text at a JSON pointer (RFC 6901).
pub(super) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    text(value.pointer(pointer)?)
}

/// The list at a JSON pointer; empty if there is none.
pub(super) fn list_at<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The fields of an object at a JSON pointer that are one text each.
pub(super) fn texts_at(value: &Value, pointer: &str) -> impl Iterator<Item = (String, String)> {
    let fields = value.pointer(pointer).and_then(Value::as_object);
    let fields = fields.into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.clone(), text(value)?)))
}

/// The first line of a text that is not blank.
pub(super) fn first_line(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

/// All JSON documents of a body, one after another with blanks or line ends between them; the items of a list stand for themselves.
pub(super) fn documents(body: &[u8]) -> Result<Vec<Value>, SourceError> {
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_slice(body).into_iter::<Value>() {
        match document.map_err(|error| SourceError::Json(error.to_string()))? {
            Value::Array(items) => documents.extend(items),
            other => documents.push(other),
        }
        if documents.len() > Bounds::EVENTS {
            return Err(SourceError::TooMany);
        }
    }
    if documents.is_empty() {
        return Err(SourceError::Shape(
            "the body is empty; send a JSON object, a list of them, or one per line".to_owned(),
        ));
    }
    Ok(documents)
}

/// What a value is, as an error names it.
pub(super) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_single_text_is_nothing() {
        for (value, expected) in [
            (json!(" a "), Some("a")),
            (json!(" "), None),
            (json!(5), Some("5")),
            (json!(5.25), Some("5.25")),
            (json!(true), Some("true")),
            (json!(null), None),
            (json!(["a"]), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(text(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn documents_may_stand_in_lines_in_a_list_or_alone() {
        let check = |body: &str, expected: &[Value]| {
            assert_eq!(
                documents(body.as_bytes()).as_deref(),
                Ok(expected),
                "{body}"
            );
        };
        let (one, two) = (json!({"a": 1}), json!({"a": 2}));
        check("{\"a\":1}", std::slice::from_ref(&one));
        check("[{\"a\":1},{\"a\":2}]", &[one.clone(), two.clone()]);
        check("{\"a\":1}\r\n{\"a\":2}\n", &[one.clone(), two.clone()]);
        check("\n{\"a\":1}\n\n[{\"a\":2}]", &[one, two]);
        for broken in ["", " \n", "{\"a\":1}\nnonsense", "{\"a\":"] {
            documents(broken.as_bytes()).expect_err(broken);
        }
    }
}
