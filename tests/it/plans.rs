//! `rinban plan` over the rosters of `fixtures/rosters`: golden files.

use std::{fs, path::Path, process::Command};

#[test]
fn each_roster_gives_its_plan() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rosters");
    let mut seen = 0;
    for file in fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let golden = path.with_extension("plan");
        let plan = plan_of(&path);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &plan).expect("written");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(
            plan,
            expected,
            "{}: set UPDATE_GOLDEN to renew it",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} rosters");
}

/// What the command prints: standard output, then standard error.
fn plan_of(config: &Path) -> String {
    let text = fs::read_to_string(config).expect("readable");
    let args = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let output = Command::new(env!("CARGO_BIN_EXE_rinban"))
        .arg("plan")
        .args(args.expect("arguments").split_whitespace())
        .arg("--config")
        .arg(config)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    text(output.stdout) + &text(output.stderr)
}
