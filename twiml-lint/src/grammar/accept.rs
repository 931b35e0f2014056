//! What the grammar allows is accepted, construct by construct, and what it forbids is found by the rule for it, at its
//! place. Read from `grammar.json` itself, so that a mistake in the table or in a rule shows.

mod random;
mod wording;

use std::{fmt::Write as _, fs, path::Path, sync::LazyLock};

use serde_json::Value;

use crate::{Finding, Linter, Settings};

/// One class of the grammar.
pub(super) struct Class {
    pub(super) product: &'static str,
    pub(super) entry: Value,
    /// The classes that may stand in it.
    pub(super) children: Vec<usize>,
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(Grammar::read);

static LINTER: LazyLock<Linter> = LazyLock::new(|| {
    let mut settings = Settings::default();
    settings.set("select", "TW0,TW2").expect("codes");
    Linter::new(settings).expect("settings")
});

pub(super) struct Grammar {
    pub(super) classes: Vec<Class>,
}

/// An element to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Which class.
    pub(super) class: usize,
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

impl Grammar {
    pub(super) fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/twiml/grammar.json");
        let grammar: Value =
            serde_json::from_str(&fs::read_to_string(file).expect("the grammar")).expect("JSON");
        let mut classes = Vec::new();
        for product in ["voice", "messaging", "fax"] {
            for entry in grammar[product].as_object().expect("classes").values() {
                classes.push(Class {
                    product,
                    entry: entry.clone(),
                    children: Vec::new(),
                });
            }
        }
        let mut grammar = Self { classes };
        for class in 0..grammar.classes.len() {
            grammar.classes[class].children = grammar.find_children(class);
        }
        grammar
    }

    pub(super) fn name(&self, class: usize) -> &str {
        string(&self.classes[class].entry["element"])
    }

    pub(super) fn attributes(&self, class: usize) -> impl Iterator<Item = (&str, &Value)> {
        let attributes = self.classes[class].entry["attributes"].as_object();
        attributes
            .expect("attributes")
            .iter()
            .map(|(name, spec)| (name.as_str(), spec))
    }

    pub(super) fn children(&self, class: usize) -> &[usize] {
        &self.classes[class].children
    }

    fn find_children(&self, class: usize) -> Vec<usize> {
        let Class { product, entry, .. } = &self.classes[class];
        let mut names = strings(&entry["children"]);
        names.extend(strings(&entry["builder_only_children"]));
        let me = self.name(class);
        names
            .into_iter()
            .map(|name| {
                let all: Vec<usize> = (0..self.classes.len())
                    .filter(|&other| {
                        self.classes[other].product == *product && self.name(other) == name
                    })
                    .collect();
                let mine =
                    |other: &usize| strings(&self.classes[*other].entry["parents"]).contains(&me);
                all.iter().copied().find(mine).unwrap_or(all[0])
            })
            .collect()
    }

    pub(super) fn roots(&self) -> Vec<usize> {
        (0..self.classes.len())
            .filter(|&class| self.classes[class].entry["kind"] == "root")
            .collect()
    }

    fn is_root(&self, class: usize) -> bool {
        self.classes[class].entry["kind"] == "root"
    }

    /// Text that makes an element of this class whole.
    pub(super) fn text(&self, class: usize) -> &'static str {
        match string(&self.classes[class].entry["text"]) {
            "none" => "",
            "url" => "https://example.com/a.mp3",
            "phone" => "+819012345678",
            "sip-uri" => "sip:desk@example.com",
            "sid" => "AP0123456789abcdef0123456789abcdef",
            "json" => "{\"severity\":1}",
            _ => "当番",
        }
    }

    /// An element of this class with the least that it needs.
    pub(super) fn whole(&self, class: usize) -> Node {
        let mut node = self.bare(class);
        node.text = self.text(class).to_owned();
        if matches!(self.name(class), "Connect" | "Start" | "Stop" | "Refer") {
            node.children.push(self.whole(self.children(class)[0]));
        }
        node
    }

    pub(super) fn bare(&self, class: usize) -> Node {
        Node {
            class,
            name: self.name(class).to_owned(),
            ..Node::default()
        }
    }

    /// The element in each chain of elements that leads to it from a root, one chain for each of its parents.
    fn in_its_places(&self, node: &Node) -> Vec<Node> {
        if self.is_root(node.class) {
            return vec![node.clone()];
        }
        (0..self.classes.len())
            .filter(|&parent| parent != node.class && self.children(parent).contains(&node.class))
            .map(|parent| self.below_root(parent, node.clone()))
            .collect()
    }

    /// The element in an element of this class, and that in the first that may hold it, up to a root.
    fn below_root(&self, class: usize, child: Node) -> Node {
        let mut node = self.bare(class);
        // Dial holds a number or elements; to others, parameters are no substitute for their text.
        if node.name != "Dial" {
            self.text(class).clone_into(&mut node.text);
        }
        node.children.push(child);
        if self.is_root(class) {
            return node;
        }
        // Parents come before deeper ones in the grammar's own order of preference: a root, then whatever is no SSML.
        let parents = (0..self.classes.len())
            .filter(|&parent| parent != class && self.children(parent).contains(&class));
        let depth = |parent: &usize| match self.name(*parent) {
            "Response" => 0,
            "Say" => 1,
            name if name.starts_with(char::is_uppercase) => 2,
            _ => 3,
        };
        let parent = parents.min_by_key(depth).expect("a parent");
        self.below_root(parent, node)
    }
}

impl Node {
    pub(super) fn write(&self, out: &mut String) {
        write!(out, "<{}", self.name).expect("a string");
        for (name, value) in &self.attributes {
            write!(out, " {name}=\"{}\"", escape(value)).expect("a string");
        }
        out.push('>');
        out.push_str(&escape(&self.text));
        for child in &self.children {
            child.write(out);
        }
        write!(out, "</{}>", self.name).expect("a string");
    }

    pub(super) fn xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

pub(super) fn string(value: &Value) -> &str {
    value.as_str().expect("a string")
}

pub(super) fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(string).collect()
}

/// What the rules about the grammar find, as `CODE text-at-the-place`.
pub(super) fn found(source: &str) -> Vec<String> {
    findings(source)
        .iter()
        .map(|finding| format!("{} {}", finding.rule.code, &source[finding.span.range()]))
        .collect()
}

pub(super) fn findings(source: &str) -> Vec<Finding> {
    LINTER.check(None, source)
}

/// Values that an attribute takes.
pub(super) fn good_values(spec: &Value) -> Vec<String> {
    let mut values: Vec<String> = strings(&spec["values"])
        .into_iter()
        .map(str::to_owned)
        .collect();
    let aliases = spec["aliases"].as_object().into_iter().flatten();
    values.extend(aliases.map(|(alias, _)| alias.clone()));
    if spec.get("list").is_some() && !values.is_empty() {
        values.push(values.join(" "));
    }
    let more: &[&str] = match string(&spec["type"]) {
        "string" if spec.get("pattern").is_some() => &["", "#", "*", "7"],
        "string" => &["", "x", "当番"],
        "boolean" => &["true", "false"],
        "integer" if spec.get("list").is_some() => &["1", "1 2 3"],
        "integer" => {
            for bound in ["min", "max"] {
                values.extend(spec[bound].as_i64().map(|bound| bound.to_string()));
            }
            &["1", "30"]
        }
        "positive-integer-or-auto" => &["auto", "1", "30"],
        "enum" => &[],
        "url" => &["https://example.com/next?a=1&b=2"],
        "wss-url" => &["wss://example.com/stream"],
        "phone" => &["+819012345678", "12345"],
        "dtmf" => &["ww1#", "0123456789ABCDWw#*"],
        "bcp47" => &["ja-JP", "en", "cmn-Hans-CN"],
        other => panic!("unknown type {other}"),
    };
    values.extend(more.iter().map(|value| (*value).to_owned()));
    values
}

/// Values that it does not take, with the code of the rule and the part that it points to.
pub(super) fn bad_values(spec: &Value) -> Vec<(String, &'static str, String)> {
    let whole = |value: &str, code| (value.to_owned(), code, value.to_owned());
    let is_list = spec.get("list").is_some();
    let mut bad = Vec::new();
    match string(&spec["type"]) {
        "string" if spec.get("pattern").is_some() => bad.push(whole("##", "TW206")),
        "string" => {
            if let Some(most) = spec["max_length"].as_u64() {
                let long = "当".repeat(usize::try_from(most).expect("small") + 1);
                bad.push(whole(&long, "TW207"));
            }
        }
        "boolean" => bad.extend(["True", "yes", "1", ""].map(|value| whole(value, "TW206"))),
        "integer" if is_list => {
            bad.push(("1 one".to_owned(), "TW206", "one".to_owned()));
            bad.push(("1 2 1".to_owned(), "TW208", "1".to_owned()));
            bad.push(whole("1,2", "TW208"));
        }
        "integer" => {
            let least = spec["min"].as_i64().unwrap_or(0);
            bad.push(whole(&(least - 1).to_string(), "TW207"));
            if let Some(most) = spec["max"].as_i64() {
                bad.push(whole(&(most + 1).to_string(), "TW207"));
            }
            bad.extend(["ten", "5s", "1.5", " "].map(|value| whole(value, "TW206")));
        }
        "positive-integer-or-auto" => {
            bad.push(whole("0", "TW207"));
            bad.extend(["Auto", "never"].map(|value| whole(value, "TW206")));
        }
        "enum" => {
            let word = strings(&spec["values"])[0].to_owned();
            let other = strings(&spec["values"]).last().expect("values").to_string();
            bad.push(whole("nonsense", "TW206"));
            let upper = word.to_ascii_uppercase();
            let wrong_case = if upper == word {
                word.to_ascii_lowercase()
            } else {
                upper
            };
            bad.push(whole(&wrong_case, "TW206"));
            if is_list {
                bad.push((format!("{word} x{other}x"), "TW206", format!("x{other}x")));
                bad.push((format!("{word} {word}"), "TW208", word.clone()));
                bad.push(whole(&format!("{word},{other}"), "TW208"));
            } else {
                bad.push(whole("", "TW206"));
            }
        }
        "phone" => bad.extend(["nobody", "090-1234-5678"].map(|value| whole(value, "TW206"))),
        "dtmf" => bad.extend(["1,2", "p"].map(|value| whole(value, "TW206"))),
        "bcp47" => bad.extend(["ja_JP", "Japanese"].map(|value| whole(value, "TW206"))),
        "url" | "wss-url" => {}
        other => panic!("unknown type {other}"),
    }
    bad
}

#[test]
fn every_element_is_accepted_in_each_of_its_places() {
    let grammar = &*GRAMMAR;
    let mut count = 0;
    for class in 0..grammar.classes.len() {
        for tree in grammar.in_its_places(&grammar.whole(class)) {
            assert_eq!(found(&tree.xml()), [""; 0], "{}", tree.xml());
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_attribute_is_accepted_with_each_of_its_values() {
    let grammar = &*GRAMMAR;
    let mut count = 0;
    for class in 0..grammar.classes.len() {
        for (name, spec) in grammar.attributes(class) {
            for value in good_values(spec) {
                let node = grammar.whole(class).with(name, &value);
                let tree = &grammar.in_its_places(&node)[0];
                assert_eq!(found(&tree.xml()), [""; 0], "{}", tree.xml());
                count += 1;
            }
        }
    }
    assert!(count > 800, "{count}");
}

#[test]
fn every_attribute_refuses_what_it_does_not_take() {
    let grammar = &*GRAMMAR;
    let mut count = 0;
    for class in 0..grammar.classes.len() {
        for (name, spec) in grammar.attributes(class) {
            for (value, code, place) in bad_values(spec) {
                let node = grammar.whole(class).with(name, &value);
                let tree = &grammar.in_its_places(&node)[0];
                assert_eq!(
                    found(&tree.xml()),
                    [format!("{code} {place}")],
                    "{}",
                    tree.xml()
                );
                count += 1;
            }
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn every_misspelt_name_is_found_where_it_stands() {
    let grammar = &*GRAMMAR;
    for class in (0..grammar.classes.len()).filter(|&class| !grammar.is_root(class)) {
        let check = |name: &str, code: &str| {
            let node = Node {
                name: name.to_owned(),
                ..grammar.whole(class)
            };
            let tree = &grammar.in_its_places(&node)[0];
            assert_eq!(
                found(&tree.xml()),
                [format!("{code} {name}")],
                "{}",
                tree.xml()
            );
        };
        let name = grammar.name(class);
        check(&format!("{name}z"), "TW201");
        let lower = name.to_ascii_lowercase();
        let other = if lower == name {
            name.to_ascii_uppercase()
        } else {
            lower
        };
        check(&other, "TW204");
    }
    for class in 0..grammar.classes.len() {
        for (name, _) in grammar.attributes(class) {
            let check = |name: &str, code: &str| {
                let node = grammar.whole(class).with(name, "1");
                let tree = &grammar.in_its_places(&node)[0];
                assert_eq!(
                    found(&tree.xml()),
                    [format!("{code} {name}")],
                    "{}",
                    tree.xml()
                );
            };
            let lower = name.to_ascii_lowercase();
            let other = if lower == name {
                name.to_ascii_uppercase()
            } else {
                lower
            };
            if !name.starts_with("xml:") {
                check(&other, "TW205");
                check(&format!("{name}z"), "TW203");
            }
        }
    }
}

#[test]
fn every_element_is_found_where_it_may_not_stand() {
    let grammar = &*GRAMMAR;
    let mut count = 0;
    for parent in 0..grammar.classes.len() {
        let allowed: Vec<&str> = grammar
            .children(parent)
            .iter()
            .map(|&child| grammar.name(child))
            .collect();
        // A messaging verb alone in a response makes it an answer to a message.
        if grammar.is_root(parent) {
            continue;
        }
        for child in (0..grammar.classes.len()).filter(|&child| !grammar.is_root(child)) {
            let name = grammar.name(child);
            if allowed.contains(&name) {
                continue;
            }
            let mut node = grammar.whole(parent);
            // Dial holds either a number or elements.
            if node.name == "Dial" {
                node.text.clear();
            }
            node.children.push(grammar.whole(child));
            let tree = &grammar.in_its_places(&node)[0];
            assert_eq!(
                found(&tree.xml()),
                [format!("TW202 {name}")],
                "{}",
                tree.xml()
            );
            count += 1;
        }
    }
    assert!(count > 2000, "{count}");
}

#[test]
fn text_is_found_where_none_may_stand_and_missed_where_it_must() {
    let grammar = &*GRAMMAR;
    for class in 0..grammar.classes.len() {
        let mut node = grammar.whole(class);
        let has_none = node.text.is_empty();
        node.text = if has_none {
            "当番".to_owned()
        } else {
            String::new()
        };
        let tree = &grammar.in_its_places(&node)[0];
        let found = found(&tree.xml());
        let name = grammar.name(class);
        // Addresses and SSML have no such rule here, and a task may be empty.
        let may_be_empty = ["Play", "Redirect", "Media", "Task"].contains(&name)
            || name.starts_with(char::is_lowercase);
        if has_none {
            assert_eq!(found, ["TW209 当番"], "{}", tree.xml());
        } else if may_be_empty {
            assert_eq!(found, [""; 0], "{}", tree.xml());
        } else {
            assert_eq!(found, [format!("TW210 {name}")], "{}", tree.xml());
        }
    }
}

/// `fixtures/twiml/documents/`: documents as they are written in the world.
#[test]
fn documents_of_all_kinds_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/twiml/documents");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("readable").path();
        let source = fs::read_to_string(&path).expect("text");
        let name = path.file_name().and_then(|name| name.to_str());
        let findings = LINTER.check(name, &source);
        assert!(findings.is_empty(), "{name:?}: {findings:#?}");
        count += 1;
    }
    assert!(count >= 40, "{count}");
}
