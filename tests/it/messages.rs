//! Messages over a whole core: written, received, answered, passed on, and sent another way when they are accepted and never
//! delivered. The simulated network carries them for two providers.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use rinban::{
    alert::EventKind,
    config::Config,
    escalation::{Effect, Entry, EscalationId, Input, Said},
    node::Node,
    simulator::{
        Direction, Fault, Happening, MessageFault, MessageRecord, MessageStatus, Network, Reaction,
    },
    store::Backend as _,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::{self, PATIENCE};

const AYA: &str = "+819000000001";
const BEN: &str = "+819000000002";

const CONFIG: &str = r#"
state_dir = "state"
default_group = "web"
[[providers]]
name = "main"
kind = "simulated"
channels = ["voice", "sms"]
[[providers]]
name = "spare"
kind = "simulated"
channels = ["sms"]
[simulator]
speed = 100
[policies.default]
steps = ["sms"]
reply_wait_secs = 86400
[members.aya]
number = "+819000000001"
language = "en"
[members.ben]
number = "+819000000002"
language = "en"
[groups.web]
members = ["aya", "ben"]
"#;

/// A group with one member for each of so many people, so that no message is in another's way.
fn people(count: usize) -> String {
    (0..count)
        .map(|nth| {
            format!(
                "[members.m{nth}]\nnumber = \"+81901{nth:07}\"\n[groups.g{nth}]\nmembers = [\"m{nth}\"]\n"
            )
        })
        .collect()
}

/// A core with its network.
struct Night {
    node: Node,
    /// Whether a reply that takes the alert is on disk.
    taken: Arc<AtomicBool>,
    _dir: TempDir,
}

impl Night {
    async fn start(more: &str) -> Self {
        Self::reached_by(more, "webhooks").await
    }

    async fn reached_by(more: &str, reachability: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its number");
        let text = format!(
            "{CONFIG}{more}[server]\nlisten = \"{address}\"\npublic_url = \"http://{address}\"\nreachability = \"{reachability}\"\n"
        );
        let config = Config::parse(&text, &dir.path().join("rinban.toml"));
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let taken = Arc::new(AtomicBool::new(false));
        let stored = Arc::clone(&taken);
        // A slow disk: whoever answers before the commit is caught.
        let open = move |dir: &Path| {
            support::store::meddled(dir, move |sqlite, batches, now| {
                let takes = batches
                    .iter()
                    .flat_map(|batch| &batch.entries)
                    .any(|(_, entry)| is_taken(entry));
                if takes {
                    std::thread::sleep(Duration::from_millis(300));
                }
                let committed = sqlite.commit(batches, now);
                stored.fetch_or(takes && committed.is_ok(), SeqCst);
                committed
            })
        };
        let node = Node::start_over(listener, config, None, open).await;
        Self {
            node: node.expect("the core starts"),
            taken,
            _dir: dir,
        }
    }

    fn network(&self) -> &Network {
        self.node.network().expect("its providers are simulated")
    }

    fn will(&self, number: &str, text: &str) {
        let reply = Reaction::Reply {
            after: Duration::ZERO,
            text: text.to_owned(),
        };
        self.network().change_reactions(number, vec![reply]);
    }

    async fn problem(&self, group: &str) {
        let event = support::event(group, EventKind::Problem);
        self.node
            .engine()
            .accept(vec![event])
            .await
            .expect("stored");
    }

    async fn journal(&self, id: u64) -> Vec<Entry> {
        let journal = self.node.store().journal(EscalationId(id)).await;
        journal.expect("the journal is read")
    }

    /// Waits for an entry of a journal.
    async fn sees(&self, id: u64, what: &str, is_it: impl Fn(&Entry) -> bool) {
        let seen = async {
            while !self.journal(id).await.iter().any(&is_it) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        assert!(seen.is_ok(), "waited in vain: {what}");
    }

    /// The provider that was chosen to send the message of an escalation's first attempt.
    async fn sent_through(&self, id: u64) -> String {
        let sends = |entry: &Entry| entry.effects.iter().any(|effect| through(effect).is_some());
        self.sees(id, "a message", sends).await;
        let journal = self.journal(id).await;
        let mut effects = journal.iter().flat_map(|entry| entry.effects.iter());
        effects.find_map(through).expect("seen above")
    }

    /// The messages to a number, once there is one like that.
    async fn message(&self, number: &str, is_it: impl Fn(&MessageRecord) -> bool) -> MessageRecord {
        let found = async {
            loop {
                let snapshot = self.network().snapshot();
                if let Some(found) = snapshot.messages_to(number).find(|message| is_it(message)) {
                    return found.clone();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no such message to {number}"))
    }
}

fn through(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Send { provider, .. } => Some(provider.to_string()),
        _ => None,
    }
}

fn is_taken(entry: &Entry) -> bool {
    matches!(
        entry.input,
        Input::Reply {
            said: Said::Take,
            ..
        }
    )
}

fn is_delivered(message: &MessageRecord) -> bool {
    message.status == MessageStatus::Delivered
}

fn is_receipt(entry: &Entry) -> bool {
    let status = rinban::escalation::MessageStatus::Delivered;
    matches!(entry.input, Input::Receipt { status: said, .. } if said == status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_delivered_and_a_reply_of_1_is_answered_once_it_is_on_disk() {
    let night = Night::start("").await;
    let mut events = night.network().events();
    night.problem("web").await;
    let message = night.message(AYA, is_delivered).await;
    assert!(message.text.contains("disk full"), "{}", message.text);
    night.sees(1, "the receipt", is_receipt).await;

    night.network().text(AYA, "1").expect("a text");
    let answer = loop {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await;
        let event = event.expect("an answer").expect("no event is lost");
        let sent = night.network().snapshot().messages;
        let of = |message: &&MessageRecord| message.sid == event.call;
        let direction = sent.iter().find(of).map(|message| message.direction);
        if let (Happening::Texted { text }, Some(Direction::Answer)) = (event.what, direction) {
            assert!(
                night.taken.load(SeqCst),
                "P4: answered before it is on disk"
            );
            break text;
        }
    };
    assert!(!answer.is_empty());
    night.sees(1, "the reply", is_taken).await;
    assert_eq!(night.network().snapshot().messages_to(BEN).count(), 0);
    night.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_of_2_passes_the_alert_to_the_next_person_who_takes_it() {
    let night = Night::start("").await;
    night.will(AYA, "2");
    night.will(BEN, "1");
    night.problem("web").await;
    night.message(BEN, is_delivered).await;
    night.sees(1, "that ben takes it", is_taken).await;
    let asked = |number: &str| night.network().snapshot().numbers[number].messages;
    assert_eq!((asked(AYA), asked(BEN)), (1, 1));
    let journal = night.journal(1).await;
    let said = journal.iter().filter_map(|entry| match entry.input {
        Input::Reply { said, .. } => Some(said),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), [Said::Pass, Said::Take]);
    night.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_told_twice_counts_once() {
    let night = Night::start("").await;
    let twice = Fault::Message(MessageFault::DuplicateInbound);
    night.network().inject(twice);
    night.will(AYA, "2");
    night.problem("web").await;
    night.message(BEN, is_delivered).await;
    let answered = |message: &MessageRecord| message.direction == Direction::Answer;
    night.message(AYA, answered).await;
    assert_eq!(night.network().snapshot().messages_to(BEN).count(), 1);
    night.node.stop().await;
}

/// A receipt may take 90 s, so this takes as long in real time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_accepted_and_never_delivered_go_to_the_spare_from_then_on() {
    let night = Night::start(&people(4)).await;
    for (group, id) in ["g0", "g1", "g2"].into_iter().zip(1..) {
        let never = Fault::Message(MessageFault::NeverSent);
        night.network().inject(never);
        night.problem(group).await;
        assert_eq!(night.sent_through(id).await, "main");
    }
    tokio::time::sleep(Duration::from_secs(91)).await;
    night.problem("g3").await;
    assert_eq!(night.sent_through(4).await, "spare");
    night.sees(4, "the receipt", is_receipt).await;
    night.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_the_network_loses_and_says_so_go_to_the_spare_at_once() {
    let night = Night::start(&people(3)).await;
    for (group, id) in ["g0", "g1"].into_iter().zip(1..) {
        night.network().inject(Fault::Message(MessageFault::Fail));
        night.problem(group).await;
        assert_eq!(night.sent_through(id).await, "main");
        let lost = |entry: &Entry| {
            let status = rinban::escalation::MessageStatus::Undelivered;
            matches!(entry.input, Input::Receipt { status: said, .. } if said == status)
        };
        night.sees(id, "that it is lost", lost).await;
        night
            .sees(id, "that the spare delivers it", is_receipt)
            .await;
    }
    night.problem("g2").await;
    assert_eq!(night.sent_through(3).await, "spare");
    night.node.stop().await;
}

/// Whatever the first look found, the next one is 10 s later in real time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_reaches_us_a_reply_is_fetched_even_if_it_comes_right_after_a_look() {
    let night = Night::reached_by("", "outbound-only").await;
    let reply = Reaction::Reply {
        after: Duration::ZERO,
        text: "1".to_owned(),
    };
    // The answer is a message like any other there.
    let once = vec![reply, Reaction::Ignore];
    night.network().change_reactions(AYA, once);
    night.problem("web").await;
    night.sees(1, "the reply", is_taken).await;
    let asked = |number: &str| {
        let numbers = night.network().snapshot().numbers;
        numbers.get(number).map(|tally| tally.messages)
    };
    let answered = async {
        // Two providers with one number fetch the same list, so there may be two answers.
        while asked(AYA).is_none_or(|messages| messages < 2) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered)
        .await
        .expect("an answer");
    assert_eq!(asked(BEN), None);
    night.node.stop().await;
}
