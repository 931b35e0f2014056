//! The house rules that a compiler does not check: who may know whom, and which rooms have no clock.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The floors of ARCHITECTURE.md, from the ground up. Nothing imports from a floor above its own.
const FLOORS: [(&str, u8); 17] = [
    ("alert", 1),
    ("roster", 1),
    ("source", 2),
    ("escalation", 2),
    ("handoff", 2),
    ("voice", 2),
    ("heartbeat", 2),
    ("simulator", 2),
    ("dispatch", 3),
    ("notice", 3),
    ("provider", 4),
    ("store", 4),
    ("config", 4),
    ("engine", 5),
    ("server", 6),
    ("node", 7),
    ("cli", 7),
];

/// Where decisions are made: no clock, no IO, no tasks.
const PURE: [&str; 8] = [
    "alert",
    "roster",
    "source",
    "escalation",
    "heartbeat",
    "dispatch",
    "engine/desk",
    "server/quota",
];

const IMPURE: [&str; 8] = [
    "Timestamp::now",
    "Instant::now",
    "SystemTime",
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "fastrand::",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a module: `name.rs` and everything below `name/`.
fn files(module: &str) -> Vec<PathBuf> {
    fn below(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = vec![source().join(format!("{module}.rs"))];
    below(&source().join(module), &mut found);
    found
}

/// The code of a file without its tests, which may know everybody.
fn code(path: &Path) -> String {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_test = path.components().any(|part| part.as_os_str() == "tests")
        || ["tests.rs", "world.rs", "laws.rs"].contains(&name);
    if is_test {
        return String::new();
    }
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that a piece of code names: after each `crate::`, a name, or the first names of a list.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            names.push(first_name(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && letter.is_alphabetic() => {
                    names.push(first_name(&list[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

fn first_name(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

#[test]
fn the_names_of_a_list_are_found() {
    let code = "use crate::{\n    alert::{AlertKey, Event},\n    roster,\n};\nlet x = crate::store::Batch;";
    assert_eq!(named(code), ["alert", "roster", "store"]);
}

#[test]
fn nothing_imports_from_a_floor_above_its_own() {
    let floor_of = |name: &str| {
        FLOORS
            .iter()
            .find(|(module, _)| *module == name)
            .map(|(_, floor)| *floor)
    };
    let mut wrong = Vec::new();
    for (module, floor) in FLOORS {
        for file in files(module) {
            for other in named(&code(&file)) {
                if floor_of(&other).is_some_and(|above| above > floor) {
                    wrong.push(format!("{} (floor {floor}) knows {other}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn where_decisions_are_made_there_is_no_clock_and_no_io() {
    let mut wrong = Vec::new();
    for file in PURE.iter().flat_map(|module| files(module)) {
        let code = code(&file);
        wrong.extend(
            IMPURE
                .iter()
                .filter(|impure| code.contains(*impure))
                .map(|impure| format!("{}: {impure}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is dated by one clock and judged by another goes wrong when the wall clock is set: a token made before would be
/// refused after, and nobody could take an alert.
#[test]
fn around_the_engine_only_its_clock_tells_the_time() {
    let files = ["engine", "server"].iter().flat_map(|module| files(module));
    let others = files.filter(|file| !file.ends_with("engine/clock.rs"));
    let wrong: Vec<_> = others
        .filter(|file| code(file).contains("Timestamp::now"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
