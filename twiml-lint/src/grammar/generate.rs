//! Writes `table.rs` from the grammar. `TWIML_LINT_BLESS=1 cargo test -p twiml-lint` puts it in place.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use serde_json::Value;

const HEAD: &str = "\
//! Generated from `fixtures/twiml/grammar.json`; do not edit. How: `generate.rs`.

use super::{AttributeRole as A, Product, Role, RoleId, TextRole, ValueRole as V};

";

#[test]
fn the_table_is_what_the_grammar_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar =
        fs::read_to_string(here.join("../fixtures/twiml/grammar.json")).expect("the grammar");
    let grammar: Value = serde_json::from_str(&grammar).expect("JSON");
    let expected = render(&grammar);
    let table = here.join("src/grammar/table.rs");
    if std::env::var_os("TWIML_LINT_BLESS").is_some() {
        fs::write(&table, &expected).expect("writable");
    }
    let found = fs::read_to_string(&table).expect("the table");
    assert!(
        found == expected,
        "table.rs is stale: run with TWIML_LINT_BLESS=1"
    );
}

/// One class of the grammar: product, class name, entry. Roles of one name lie side by side.
type Class<'g> = (&'static str, &'g str, &'g Value);

fn classes(grammar: &Value) -> Vec<Class<'_>> {
    let mut classes: Vec<Class<'_>> = [
        ("Voice", "voice"),
        ("Messaging", "messaging"),
        ("Fax", "fax"),
    ]
    .into_iter()
    .flat_map(|(product, key)| {
        let entries = grammar[key].as_object().expect("classes");
        entries
            .iter()
            .map(move |(class, entry)| (product, class.as_str(), entry))
    })
    .collect();
    let order = |product: &str| {
        ["Voice", "Messaging", "Fax"]
            .iter()
            .position(|p| *p == product)
    };
    classes
        .sort_by_key(|(product, class, entry)| (text(&entry["element"]), order(product), *class));
    classes
}

fn render(grammar: &Value) -> String {
    let classes = classes(grammar);
    let mut out = HEAD.to_owned();
    let roots = ["Voice", "Messaging", "Fax"].map(|product| {
        let is_root = |c: &&Class<'_>| c.0 == product && c.2["kind"] == "root";
        let root = classes.iter().find(is_root).expect("a root");
        classes
            .iter()
            .position(|c| c == root)
            .expect("listed")
            .to_string()
    });
    writeln!(
        out,
        "/// By product.\npub(super) static ROOTS: [RoleId; 3] = [{}];\n",
        roots.join(", ")
    )
    .expect("a string");
    writeln!(
        out,
        "/// Sorted by name.\npub(crate) static ELEMENTS: [Role; {}] = [",
        classes.len()
    )
    .expect("a string");
    for (id, (product, _, entry)) in classes.iter().enumerate() {
        role(&mut out, id, product, entry, &classes);
    }
    let names = attribute_names(&classes);
    writeln!(
        out,
        "];\n\n/// The names of all attributes, sorted.\npub(super) static ATTRIBUTES: [&str; {}] = [",
        names.len()
    )
    .expect("a string");
    for name in names {
        writeln!(out, "    {name:?},").expect("a string");
    }
    out.push_str("];\n");
    out
}

fn attribute_names<'g>(classes: &[Class<'g>]) -> BTreeSet<&'g str> {
    let attributes =
        |(_, _, entry): &Class<'g>| entry["attributes"].as_object().expect("attributes");
    let all = classes.iter().flat_map(|class| attributes(class).keys());
    all.map(String::as_str).collect()
}

fn role(out: &mut String, id: usize, product: &str, entry: &Value, classes: &[Class<'_>]) {
    let name = text(&entry["element"]);
    let kind = match text(&entry["text"]) {
        "none" => "None",
        "url" => "Url",
        "phone" => "Phone",
        "sip-uri" => "SipUri",
        "name" => "Name",
        "sid" => "Sid",
        "identity" => "Identity",
        "json" => "Json",
        "text" | "text+ssml" => "Text",
        other => panic!("unknown kind of text {other}"),
    };
    let children = children(product, entry, classes).join(", ");
    writeln!(
        out,
        "    Role {{ id: {id}, name: {name:?}, product: Product::{product}, text: TextRole::{kind}, children: &[{children}], attributes: &["
    )
    .expect("a string");
    for (name, spec) in entry["attributes"].as_object().expect("attributes") {
        writeln!(
            out,
            "        A {{ name: {name:?}, value: {} }},",
            value(spec)
        )
        .expect("a string");
    }
    out.push_str("    ] },\n");
}

/// The roles of the children: those of the same product that name this element among their parents.
fn children(product: &str, entry: &Value, classes: &[Class<'_>]) -> Vec<String> {
    let me = text(&entry["element"]);
    let names = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| text(name).to_owned())
            .collect()
    };
    let mut wanted = names(&entry["children"]);
    // The builders offer these at the top although the pages document them elsewhere; nothing refuses them.
    wanted.extend(names(&entry["builder_only_children"]));
    let mut ids = Vec::new();
    for name in wanted {
        let of_name = |c: &&Class<'_>| c.0 == product && text(&c.2["element"]) == name;
        let all: Vec<_> = classes.iter().filter(of_name).collect();
        let mine = |c: &&&Class<'_>| names(&c.2["parents"]).iter().any(|parent| parent == me);
        let role = all
            .iter()
            .find(mine)
            .or(all.first())
            .unwrap_or_else(|| panic!("no role for {name} in {me}"));
        ids.push(
            classes
                .iter()
                .position(|c| *c == **role)
                .expect("listed")
                .to_string(),
        );
    }
    ids
}

fn value(spec: &Value) -> String {
    let values = || {
        let mut all: Vec<String> = spec["values"]
            .as_array()
            .expect("values")
            .iter()
            .map(|v| format!("{v}"))
            .collect();
        all.extend(
            spec["aliases"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(alias, _)| format!("{alias:?}")),
        );
        all.join(", ")
    };
    let is_list = spec.get("list").is_some();
    match text(&spec["type"]) {
        "string" if spec.get("pattern").is_some() => "V::FinishKey".into(),
        "string" => match spec["max_length"].as_u64() {
            Some(length) => format!("V::AtMost({length})"),
            None => "V::Any".into(),
        },
        "boolean" => "V::Boolean".into(),
        "integer" if is_list => "V::Integers".into(),
        "integer" => {
            let bound = |key: &str, default: &str| {
                spec[key]
                    .as_i64()
                    .map_or(default.to_owned(), |n| n.to_string())
            };
            format!(
                "V::Integer {{ min: {}, max: {} }}",
                bound("min", "0"),
                bound("max", "i64::MAX")
            )
        }
        "positive-integer-or-auto" => "V::PositiveOrAuto".into(),
        "enum" if is_list => format!("V::SomeOf(&[{}])", values()),
        "enum" => format!("V::OneOf(&[{}])", values()),
        "url" => format!(
            "V::Url {{ may_be_empty: {} }}",
            spec["may_be_empty"] == true
        ),
        "wss-url" => "V::WebsocketUrl".into(),
        "phone" => "V::Phone".into(),
        "dtmf" => "V::Dtmf".into(),
        "bcp47" => "V::Language".into(),
        other => panic!("unknown type {other}"),
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a text"))
}
