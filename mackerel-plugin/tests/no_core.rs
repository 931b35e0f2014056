//! The main job from the check action on: no core runs, the agent runs the action, and a phone rings.

use crate::installation::Installation;

fn agent(
    status: &'static str,
    previous: &'static str,
    message: &'static str,
) -> [(&'static str, &'static str); 5] {
    [
        ("LANG", "C"),
        ("LC_ALL", "C"),
        ("MACKEREL_STATUS", status),
        ("MACKEREL_PREVIOUS_STATUS", previous),
        ("MACKEREL_CHECK_MESSAGE", message),
    ]
}

#[test]
fn without_a_core_the_action_starts_one_and_a_phone_rings() {
    let installation = Installation::of(env!("CARGO_BIN_EXE_mackerel-plugin-rinban"));
    let notify = [
        "notify",
        "--check",
        "disk",
        "--group",
        "web",
        "--host-id",
        "3Xyz",
    ];
    let run = installation.run(
        &notify,
        &agent("CRITICAL", "", "Disk CRITICAL: ディスク 98% 使用\n"),
    );
    assert_eq!(
        (run.status, run.output.as_str()),
        (Some(0), ""),
        "the agent sees success and no output"
    );
    assert!(run.took.as_secs() < 10, "{:?}", run.took);
    installation.wait_for_the_phone_and_slack(&[
        "Calling aya",
        "busy",
        "Calling ben",
        "ben has taken it",
    ]);

    // The action runs after every check: nothing new while the status stays.
    let entries = installation.journal().len();
    let run = installation.run(
        &notify,
        &agent("CRITICAL", "CRITICAL", "Disk CRITICAL: 99%\n"),
    );
    assert_eq!((run.status, run.output.as_str()), (Some(0), ""));
    let run = installation.run(&notify, &agent("OK", "CRITICAL", "Disk OK: 40%\n"));
    assert_eq!((run.status, run.output.as_str()), (Some(0), ""));
    installation.wait_for_the_phone_and_slack(&["ben has taken it", "Recovered"]);
    let later = installation.journal();
    assert!(
        later.len() <= entries + 3,
        "only the end of the call and the recovery: {later:#?}"
    );
}
