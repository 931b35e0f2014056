//! The main job from the alertscript on: no core runs, Zabbix runs the script, and a phone rings.

use crate::installation::Installation;

/// As Zabbix 6.0 sends it with our media type: lines end in CRLF.
const PROBLEM: &str = "rinban=1\r\nkind=problem\r\nevent_id=77\r\ntrigger_id=13926\r\nvalue=1\r\nnseverity=5\r\n\
                       ack=No\r\nhost=Web server 01\r\nname=Disk of \"web01\" is full & $HOME";

#[test]
fn without_a_core_the_alertscript_starts_one_and_a_phone_rings() {
    let installation = Installation::of(env!("CARGO_BIN_EXE_zabbix-alertscript"));
    let run = installation.run(
        &["web", "problem 77", PROBLEM],
        &[("LANG", "en_US.UTF-8"), ("PWD", "/")],
    );
    assert_eq!(
        (run.status, run.output.as_str()),
        (Some(0), ""),
        "Zabbix sees success and no output"
    );
    assert!(
        run.took.as_secs() < 5,
        "within the deadline, whatever is still starting: {:?}",
        run.took
    );
    installation.wait_for_the_phone_and_slack(&[
        "Calling aya",
        "busy",
        "Calling ben",
        "ben has taken it",
    ]);

    let core = installation.core().expect("a core runs");
    let again = installation.run(&["web", "problem 77", PROBLEM], &[]);
    assert_eq!(again.status, Some(0), "{}", again.output);
    assert_eq!(
        installation.core(),
        Some(core),
        "the core that runs takes the next event"
    );

    let recovery = PROBLEM
        .replace("kind=problem", "kind=recovery")
        .replace("value=1", "value=0");
    let run = installation.run(&["web", "recovery 77", &recovery], &[]);
    assert_eq!(run.status, Some(0), "{}", run.output);
    installation.wait_for_the_phone_and_slack(&["ben has taken it", "Recovered"]);
}
