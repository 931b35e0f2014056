//! Reads TOML tables by typed getters that collect errors instead of stopping at the first.
//!
//! A getter gives `None` when its key is absent, and also when its value is wrong, which it has recorded then. The keys
//! that were asked for are the keys that are known: when a [`Section`] is dropped, every other key in it is an error.

mod secret;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::{ConfigError, ConfigErrors, Wrong, one_of};

/// Where environment variables come from.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The file, and what was found wrong with it so far.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    text: &'a str,
    environment: Environment<'a>,
    errors: RefCell<Vec<ConfigError>>,
}

/// A value and its byte offset in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    /// A path in the file; a relative one is taken from the directory of the file, since the core and the plugins do not
    /// share a working directory.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or("".as_ref()).join(path)
    }

    pub(super) fn new(path: &'a Path, text: &'a str, environment: Environment<'a>) -> Self {
        Self {
            path,
            text,
            environment,
            errors: RefCell::default(),
        }
    }

    /// Records a mistake at a byte offset.
    pub(super) fn wrong(&self, at: usize, what: impl AsRef<str>, remedy: impl AsRef<str>) {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.errors.borrow_mut().push(ConfigError {
            path: self.path.to_owned(),
            line: Some(line),
            message: format!("{}; {}", what.as_ref(), remedy.as_ref()),
        });
    }

    /// Records a mistake of syntax.
    pub(super) fn wrong_syntax(&self, error: &toml::de::Error) {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().replace('\n', ", ");
        let remedy = if message.contains("duplicate key") {
            "keep one of the two: each table and each key stands once"
        } else {
            "mend the TOML there: a line is `key = value` or `[table]`, texts stand in double quotes"
        };
        self.wrong(at, message, remedy);
    }

    /// All mistakes, in the order of their lines.
    pub(super) fn into_errors(self) -> ConfigErrors {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| error.line);
        ConfigErrors(errors)
    }
}

/// A table of the file.
pub(super) struct Section<'a> {
    reader: &'a Reader<'a>,
    /// Its path, such as `members.aya`; empty for the whole file.
    pub(super) name: String,
    pub(super) at: usize,
    table: &'a DeTable<'a>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(reader: &'a Reader<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(reader, String::new(), 0, table)
    }

    fn new(reader: &'a Reader<'a>, name: String, at: usize, table: &'a DeTable<'a>) -> Self {
        Self {
            reader,
            name,
            at,
            table,
            asked: RefCell::default(),
        }
    }

    /// The file.
    pub(super) fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    /// The path of a key, as messages name it.
    pub(super) fn path(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    /// Records a mistake at a byte offset of this section.
    pub(super) fn wrong(&self, at: usize, what: impl AsRef<str>, remedy: impl AsRef<str>) {
        self.reader.wrong(at, what, remedy);
    }

    /// Records a mistake in the value of a key.
    pub(super) fn wrong_value(&self, key: &str, at: usize, wrong: &Wrong) {
        let what = format!("`{}` {}", self.path(key), wrong.what);
        self.reader.wrong(at, what, &wrong.remedy);
    }

    /// Passes a value on; records that it is missing if the key is absent.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>, remedy: &str) -> Option<T> {
        if value.is_none() && !self.table.contains_key(key) {
            self.missing(key, remedy);
        }
        value
    }

    fn missing(&self, key: &str, remedy: &str) {
        let what = format!("`{}` is missing", self.path(key));
        self.reader.wrong(self.at, what, remedy);
    }

    /// Records that a key, if it is there, makes no sense beside the others.
    pub(super) fn refuse(&self, key: &str, wrong: &Wrong) {
        if let Some((name, _)) = self.table.get_key_value(key) {
            self.asked.borrow_mut().insert(key.to_owned());
            self.wrong_value(key, name.span().start, wrong);
        }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<Located<&'a str>> {
        self.typed(key, "a text in double quotes", |value| match value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        })
    }

    /// A text that some function understands.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = self.text(key)?;
        self.taken(key, text.at, parse(text.value))
    }

    /// A date, time or text that some function understands; it gets all of them as text.
    pub(super) fn when<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<Located<T>> {
        let written =
            self.typed(
                key,
                "a date or time, in double quotes or bare",
                |value| match value {
                    DeValue::String(text) => Some(text.to_string()),
                    DeValue::Datetime(datetime) => Some(datetime.to_string()),
                    _ => None,
                },
            )?;
        let value = self.taken(key, written.at, parse(&written.value))?;
        Some(Located {
            value,
            at: written.at,
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(key, |text| choose(text, words))
    }

    /// A list of a few words.
    pub(super) fn choices<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<Vec<T>> {
        let texts = self.texts(key)?;
        let chosen = texts
            .iter()
            .map(|text| self.taken(key, text.at, choose(text.value, words)));
        chosen.collect()
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let flag = self.typed(key, "true or false, without quotes", DeValue::as_bool)?;
        Some(flag.value)
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, key: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = self.typed(key, "a whole number", integer)?;
        let fits = u32::try_from(number.value)
            .ok()
            .filter(|value| bounds.contains(value));
        if fits.is_none() {
            self.out_of_bounds(
                key,
                number,
                format!("{} to {}", bounds.start(), bounds.end()),
            );
        }
        fits
    }

    /// A number within bounds, with or without a fraction.
    pub(super) fn number(&self, key: &str, bounds: RangeInclusive<f64>) -> Option<f64> {
        let number = self.typed(key, "a number", |value| match value {
            DeValue::Integer(_) => integer(value).map(|whole| whole as f64),
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            _ => None,
        })?;
        if bounds.contains(&number.value) {
            return Some(number.value);
        }
        self.out_of_bounds(
            key,
            number,
            format!("{} to {}", bounds.start(), bounds.end()),
        );
        None
    }

    /// A span of time in seconds within bounds, with or without a fraction.
    pub(super) fn seconds(&self, key: &str, bounds: RangeInclusive<f64>) -> Option<SignedDuration> {
        self.number(key, bounds).map(SignedDuration::from_secs_f64)
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<Located<&'a str>>> {
        let expected = "a list of texts, such as [\"one\", \"two\"]";
        let list = self.typed(key, expected, DeValue::as_array)?;
        let mut texts = Vec::new();
        for item in list.value.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(Located {
                    value: text.as_ref(),
                    at: item.span().start,
                }),
                other => {
                    self.wrong_type(key, item.span().start, other, expected);
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// A text, or a list of texts.
    pub(super) fn text_or_texts(&self, key: &str) -> Option<Vec<Located<&'a str>>> {
        let is_text = |value: &DeValue<'_>| matches!(value, DeValue::String(_));
        if self
            .table
            .get(key)
            .is_some_and(|value| is_text(value.get_ref()))
        {
            self.text(key).map(|text| vec![text])
        } else {
            self.texts(key)
        }
    }

    /// A table within this one.
    pub(super) fn section(&self, key: &str) -> Option<Self> {
        let expected = format!("a table: write [{}]", self.path(key));
        let table = self.typed(key, &expected, DeValue::as_table)?;
        let (name, _) = self.table.get_key_value(key)?;
        Some(Self::new(
            self.reader,
            self.path(key),
            name.span().start,
            table.value,
        ))
    }

    /// The tables of `[[key]]`; none if the key is absent.
    pub(super) fn sections(&self, key: &str) -> Vec<Self> {
        let expected = format!("a list of tables: write [[{}]]", self.path(key));
        let list = self.typed(key, &expected, DeValue::as_array);
        let items = list.into_iter().flat_map(|list| list.value.iter());
        items
            .filter_map(|item| self.item(key, item, &expected))
            .collect()
    }

    fn item(&self, key: &str, item: &'a Spanned<DeValue<'a>>, expected: &str) -> Option<Self> {
        let at = item.span().start;
        match item.get_ref() {
            DeValue::Table(table) => Some(Self::new(self.reader, self.path(key), at, table)),
            other => {
                self.wrong_type(key, at, other, expected);
                None
            }
        }
    }

    /// The tables `[key.NAME]` with their names; none if the key is absent.
    pub(super) fn named(&self, key: &str) -> Vec<(&'a str, Self)> {
        let Some(section) = self.section(key) else {
            return Vec::new();
        };
        let table: &'a DeTable<'a> = section.table;
        let names = table.keys().map(|name| name.get_ref().as_ref());
        names
            .filter_map(|name: &'a str| Some((name, section.section(name)?)))
            .collect()
    }

    /// All keys with their offsets.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'a str, usize)> {
        let keys = self.table.keys();
        keys.map(|key| (key.get_ref().as_ref(), key.span().start))
    }

    /// Takes all keys for known.
    pub(super) fn ask_for_all(&self) {
        let keys = self.table.keys().map(|key| key.get_ref().to_string());
        self.asked.borrow_mut().extend(keys);
    }

    /// The value of a key as one type; records that it is another.
    fn typed<T>(
        &self,
        key: &str,
        expected: &str,
        take: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<Located<T>> {
        self.asked.borrow_mut().insert(key.to_owned());
        let found = self.table.get(key)?;
        let at = found.span().start;
        match take(found.get_ref()) {
            Some(value) => Some(Located { value, at }),
            None => {
                self.wrong_type(key, at, found.get_ref(), expected);
                None
            }
        }
    }

    /// The value, or nothing with the mistake recorded.
    pub(super) fn taken<T>(&self, key: &str, at: usize, value: Result<T, Wrong>) -> Option<T> {
        value
            .map_err(|wrong| self.wrong_value(key, at, &wrong))
            .ok()
    }

    fn wrong_type(&self, key: &str, at: usize, found: &DeValue<'_>, expected: &str) {
        let article = match found {
            DeValue::Integer(_) | DeValue::Array(_) => "an",
            _ => "a",
        };
        let what = format!("is {article} {}", found.type_str());
        self.wrong_value(key, at, &Wrong::new(what, format!("it takes {expected}")));
    }

    fn out_of_bounds<T: std::fmt::Display>(&self, key: &str, number: Located<T>, bounds: String) {
        let what = format!("is {}", number.value);
        let remedy = format!("use {bounds}");
        self.wrong_value(key, number.at, &Wrong::new(what, remedy));
    }
}

impl Drop for Section<'_> {
    /// Every key that nobody asked for is unknown.
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !asked.contains(name) {
                let what = format!("`{}` is unknown", self.path(name));
                let is_literal_secret = |key: &str| asked.contains(&format!("{key}_env"));
                let known = asked.iter().map(String::as_str);
                let remedy = one_of(name, known.filter(|key| !is_literal_secret(key)));
                self.reader.wrong(key.span().start, what, remedy);
            }
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn choose<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let known = words.iter().map(|(word, _)| *word);
            Wrong::new(format!("is {text:?}"), one_of(text, known))
        })
}
