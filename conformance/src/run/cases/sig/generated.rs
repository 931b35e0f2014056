//! Requests from a seed: genuine ones of any shape, and each of them forged. A failure is made as small as it goes.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_oneof,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::SECURITY;
use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop, Verdict},
        forge::{Draft, OF_FORMS},
        stage::Stage,
        variation::{add, with_query},
    },
    twilio::Webhook,
};

/// How many smaller examples are tried after a failure.
const MOST_STEPS: usize = 40;

pub(in crate::run::cases) const CASES: &[Case] = &[
    Case {
        id: "sig/generated",
        requirement: "Genuine requests of any shape are accepted.",
        why: "Each of the named shapes was found by somebody on a real line; this looks for the next one. Run it with more --cases.",
        source: SECURITY,
        grade: Grade::Must,
        play: Play::Scene(genuine),
    },
    Case {
        id: "sig/generated-forged",
        requirement: "Requests of any shape that were changed after they were signed are refused.",
        why: "The change that was let through is named.",
        source: SECURITY,
        grade: Grade::Must,
        play: Play::Scene(forged),
    },
];

/// More of a request: pieces of a query, and parameters.
#[derive(Clone, Debug)]
struct Shape {
    query: Vec<String>,
    form: Vec<(String, String)>,
}

/// A piece of a query. Only what the official libraries agree on: no lone mark, no brackets, nothing that is not ASCII.
fn piece() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[A-Za-z0-9._~-]{0,8}",
        Just("%7e".to_owned()),
        Just("%2f%2F".to_owned()),
        Just("%e9%9a%9c".to_owned()),
        Just("a+b%20c".to_owned()),
        Just("'()*!,;:@/?$".to_owned()),
        Just("https://h/?x".to_owned()),
    ];
    ("[a-z]{1,6}", prop_oneof![Just("="), Just("")], value).prop_map(|(name, mark, value)| {
        match mark {
            "" => name,
            mark => format!("{name}{mark}{value}"),
        }
    })
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let name = prop_oneof!["X[A-Za-z0-9_]{1,8}", "x[a-z]{1,3}", Just("Xあ".to_owned())];
    let value = prop_oneof![
        "[ -~]{0,16}",
        Just(String::new()),
        Just(" ".to_owned()),
        Just(" padded ".to_owned()),
        Just("+81 90%2B+".to_owned()),
        Just("Köln 東京".to_owned()),
        Just("a\r\nb".to_owned()),
        Just("<a href='x'>&amp;\"".to_owned()),
        Just("0".to_owned()),
        Just("null".to_owned()),
    ];
    (name, value)
}

fn shape() -> impl Strategy<Value = Shape> {
    (vec(piece(), 0..4), vec(parameter(), 0..6)).prop_map(|(query, mut form)| {
        form.sort_by(|a, b| a.0.cmp(&b.0));
        form.dedup_by(|a, b| a.0 == b.0);
        Shape { query, form }
    })
}

impl Shape {
    fn of(&self, mut webhook: Webhook) -> Webhook {
        if !self.query.is_empty() {
            with_query(&mut webhook, &self.query.join("&"));
        }
        for (name, value) in &self.form {
            add(&mut webhook, name, value);
        }
        webhook
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "query {:?}, parameters {:?}",
            self.query.join("&"),
            self.form
        )
    }
}

/// The same seed draws the same.
fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), random)
}

fn genuine<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(search(stage, 0, check_genuine))
}

fn forged<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(search(stage, 1, check_forged))
}

/// Tries as many shapes as were asked for.
async fn search(
    stage: &Stage<'_>,
    stream: u64,
    check: impl AsyncFn(&Stage<'_>, &Shape, usize) -> Verdict,
) -> Verdict {
    let mut runner = runner(stage.kit.seed.wrapping_add(stream));
    let strategy = shape();
    for number in 0..stage.kit.cases as usize {
        let tree = strategy.new_tree(&mut runner);
        let mut tree =
            tree.map_err(|reason| Stop::skip(format!("no shape could be drawn: {reason}")))?;
        let Err(stop) = check(stage, &tree.current(), number).await else {
            continue;
        };
        return Err(smallest(stage, &mut tree, number, stop, &check).await);
    }
    Ok(())
}

/// The failure of the smallest shape that still fails.
async fn smallest(
    stage: &Stage<'_>,
    tree: &mut impl ValueTree<Value = Shape>,
    number: usize,
    mut stop: Stop,
    check: &impl AsyncFn(&Stage<'_>, &Shape, usize) -> Verdict,
) -> Stop {
    let mut smallest = tree.current();
    let mut is_failing = true;
    for _ in 0..MOST_STEPS {
        let went = if is_failing {
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !went || matches!(stop, Stop::Skip(_)) {
            break;
        }
        match check(stage, &tree.current(), number).await {
            Err(again @ Stop::Fail(_)) => {
                (stop, smallest, is_failing) = (again, tree.current(), true);
            }
            _ => is_failing = false,
        }
    }
    let seed = stage.kit.seed;
    match stop {
        Stop::Fail(mut failure) => {
            let what = failure
                .detail
                .take()
                .map_or(String::new(), |detail| format!("{detail}; "));
            failure.detail = Some(format!(
                "{what}smallest example: {smallest} (--seed {seed}, number {number})"
            ));
            Stop::Fail(failure)
        }
        skip => skip,
    }
}

async fn check_genuine(stage: &Stage<'_>, shape: &Shape, number: usize) -> Verdict {
    let line = stage.line().await?;
    let webhook = shape.of(stage.answered(&line));
    let delivery = stage
        .send(&format!("generated request {number}"), &webhook)
        .await;
    delivery.accepted().map(drop)
}

async fn check_forged(stage: &Stage<'_>, shape: &Shape, number: usize) -> Verdict {
    let line = stage.line().await?;
    let forgery = OF_FORMS[number % OF_FORMS.len()];
    let mut draft = Draft::new(shape.of(stage.answered(&line)));
    let keys = stage.keys();
    if (forgery.change)(&mut draft, &keys).is_err() || draft.is_genuine(&keys) {
        return Ok(());
    }
    let delivery = stage
        .send_forged(
            &format!("generated request {number}: {}", forgery.name),
            &draft,
        )
        .await;
    delivery.refused().map_err(|stop| stop.detail(forgery.name))
}
