//! Reports in SARIF against the schema of SARIF 2.1.0, which stands in `fixtures/sarif/`.

use std::{fs, path::Path, sync::LazyLock};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::tree::{BAD, GOOD, Tree};

struct Schema {
    schemas: Schemas,
    log: SchemaIndex,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let path = "../fixtures/sarif/sarif-schema-2.1.0.json";
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the schema");
    let schema: Value = serde_json::from_slice(&text).expect("JSON");
    let id = schema["$id"].as_str().expect("an id").to_owned();
    let mut compiler = Compiler::new();
    // Addresses and instants have to be such.
    compiler.enable_format_assertions();
    compiler.add_resource(&id, schema).expect("a schema");
    let mut schemas = Schemas::new();
    let log = compiler.compile(&id, &mut schemas).expect("a schema");
    Schema { schemas, log }
});

/// What is wrong with a log.
fn fault(log: &Value) -> Option<String> {
    let Schema {
        schemas,
        log: index,
    } = &*SCHEMA;
    let result = schemas.validate(log, *index);
    result.err().map(|error| format!("{error:#}"))
}

fn log(tree: &Tree, arguments: &str) -> Value {
    let said = tree.run(&format!("--format sarif {arguments}"));
    let log: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(fault(&log), None, "{arguments}: {log:#}");
    log
}

fn tree() -> Tree {
    let tree = Tree::new(&[
        ("good.xml", GOOD),
        ("folder/with blanks & 100%/障害.xml", BAD),
        (
            "template.xml.erb",
            "<Response><Play><%= a</Play></Response>",
        ),
        (
            "mixed.xml",
            "<Response>\n<Play>https://e.com/a/</Play>\n<Play>https://e.com/a</Play>\n<Play>/b</Play>\n</Response>",
        ),
    ]);
    tree.write("sjis.xml", b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><Response><Play>/\x93\x96</Play></Response>");
    tree.write("broken.twiml", b"<Response>\xFF");
    tree
}

#[test]
fn every_report_is_what_the_schema_demands() {
    let tree = tree();
    let results = |log: &Value| log["runs"][0]["results"].as_array().map_or(0, Vec::len);
    assert_eq!(results(&log(&tree, "good.xml")), 0);
    let all = results(&log(&tree, "."));
    assert!(all >= 5, "{all}");
    assert!(
        results(&log(
            &tree,
            ". --strict --base-url https://example.com/voice/"
        )) >= all
    );
    assert_eq!(results(&log(&tree, ". --max-findings 0")), 0);
    log(&tree, ". missing.xml");
    log(&tree, "- --stdin-filename a.xml");
    tree.run(". --write-baseline known.json");
    assert_eq!(results(&log(&tree, ". --baseline known.json")), 0);
}

#[test]
fn a_report_with_something_wrong_in_it_is_refused() {
    let log = log(&tree(), ".");
    let check = |pointer: &str, broken: Value| {
        let mut log = log.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = log.pointer_mut(parent).expect("it is there");
        match (parent, broken) {
            (Value::Object(fields), Value::Null) => _ = fields.remove(key).expect("it is there"),
            (Value::Object(fields), value) => _ = fields.insert(key.to_owned(), value),
            (other, _) => panic!("{other} has no {key}"),
        }
        assert!(fault(&log).is_some(), "{pointer}");
    };
    let result = "/runs/0/results/0";
    let region = &format!("{result}/locations/0/physicalLocation/region");
    check("/version", json!("2.0.0"));
    check("/version", Value::Null);
    check("/runs", Value::Null);
    check("/surplus", json!(1));
    check("/runs/0/tool", Value::Null);
    check("/runs/0/tool/driver/name", Value::Null);
    check("/runs/0/tool/driver/rules", json!({}));
    check("/runs/0/columnKind", json!("bytes"));
    check(&format!("{result}/message"), Value::Null);
    check(&format!("{result}/level"), json!("fatal"));
    check(&format!("{result}/ruleIndex"), json!("0"));
    check(&format!("{result}/severity"), json!("high"));
    check(&format!("{region}/startLine"), json!(0));
    check(&format!("{region}/startColumn"), json!(1.5));
    check(
        &format!("{result}/locations/0/physicalLocation/artifactLocation/uri"),
        json!("with blanks.xml"),
    );
}
