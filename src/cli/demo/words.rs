//! What the demo itself says, in both languages. What phones and channels say comes from the core.

use crate::roster::Language;

/// The demo's own words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words(pub(super) Language);

impl Words {
    fn pick<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self.0 {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    pub(super) fn title(self) -> &'static str {
        self.pick("rinban デモ", "rinban demo")
    }

    pub(super) fn subtitle(self) -> &'static str {
        self.pick(
            "本物の電話は鳴りません。アカウントも設定も不要です。",
            "no real phone rings, nothing to sign up for or to set up",
        )
    }

    pub(super) fn introduction(self) -> &'static str {
        self.pick(
            "夜中の監視画面は、誰も見ていません。rinban は、誰かが引き受けるまで当番に順番に電話をかけ続けます。",
            "At night nobody looks at the monitor. rinban phones the people on call, one after another, until \
             somebody takes the alert.",
        )
    }

    pub(super) fn on_call(self) -> &'static str {
        self.pick("今夜の当番:", "On call tonight:")
    }

    pub(super) fn you_are_all(self) -> &'static str {
        self.pick(
            "全員があなたです。鳴ったらキーを押すか、そのまま鳴らし続けてください。",
            "You are all of them: when a phone rings, press a key, or let it ring.",
        )
    }

    /// `speed`: seconds of the night in a real second.
    pub(super) fn time_runs(self, speed: f64) -> String {
        match self.0 {
            Language::Ja => format!("(時計は {speed} 倍速)"),
            Language::En => format!("(time runs {speed} x as fast)"),
        }
    }

    pub(super) fn severity(self) -> &'static str {
        self.pick("重大", "CRITICAL")
    }

    pub(super) fn problem(self) -> &'static str {
        self.pick("Zabbix が障害を検知:", "Zabbix sees a problem:")
    }

    /// `millis`: how long the plugin took to hand the event over.
    pub(super) fn handed_over(self, millis: f64) -> String {
        match self.0 {
            Language::Ja => {
                format!("プラグインが rinban に引き渡し: {millis:.1} ミリ秒でディスクに保存")
            }
            Language::En => {
                format!("Its plugin hands it over to rinban: on disk after {millis:.1} ms.")
            }
        }
    }

    pub(super) fn recovery(self) -> &'static str {
        self.pick("Zabbix が復旧を検知:", "Zabbix sees that it is over:")
    }

    pub(super) fn channel(self) -> &'static str {
        "#oncall"
    }

    pub(super) fn dials(self, name: &str) -> String {
        match self.0 {
            Language::Ja => format!("{name} さんに電話しています…"),
            Language::En => format!("calling {name} …"),
        }
    }

    pub(super) fn rings(self) -> &'static str {
        self.pick("呼び出し中…", "rings …")
    }

    /// How a call ended that nobody answered; `rang`: seconds.
    pub(super) fn unanswered(self, how: Unanswered, rang: f64) -> String {
        let rang = rang.round();
        match (how, self.0) {
            (Unanswered::Busy, Language::Ja) => "話し中でした。".to_owned(),
            (Unanswered::Busy, Language::En) => "The line is busy.".to_owned(),
            (Unanswered::Declined, Language::Ja) => {
                "出ずに切りました。話し中と同じ扱いです。".to_owned()
            }
            (Unanswered::Declined, Language::En) => "You decline, which counts as busy.".to_owned(),
            (Unanswered::NoAnswer, Language::Ja) => {
                format!("{rang} 秒鳴らしましたが、誰も出ません。")
            }
            (Unanswered::NoAnswer, Language::En) => {
                format!("Rings for {rang} s, and nobody picks up.")
            }
            (Unanswered::Stopped, Language::Ja) => "鳴りやみました。".to_owned(),
            (Unanswered::Stopped, Language::En) => "Stops ringing.".to_owned(),
        }
    }

    pub(super) fn answered(self, who: Answers) -> &'static str {
        match who {
            Answers::Voicemail => self.pick("留守番電話が応答しました。", "A voicemail answers."),
            Answers::Person => self.pick("電話に出ました。", "Picks up."),
            Answers::You => self.pick("電話に出ました。", "You pick up."),
        }
    }

    /// The marks around what a phone says.
    pub(super) fn quotes(self) -> (&'static str, &'static str) {
        match self.0 {
            Language::Ja => ("「", "」"),
            Language::En => ("“", "”"),
        }
    }

    pub(super) fn presses(self, key: char, who: Answers, when: When) -> String {
        let does = match (self.0, who) {
            (Language::Ja, _) => format!("{key} を押しました"),
            (Language::En, Answers::You) => format!("You press {key}"),
            (Language::En, _) => format!("Presses {key}"),
        };
        match (self.0, when) {
            (Language::Ja, When::BeforeAWord) => {
                format!("話が始まる前に {does}。早押しも有効です。")
            }
            (Language::Ja, When::MidSentence) => format!("途中で {does}。"),
            (Language::Ja, When::Afterwards) => format!("{does}。"),
            (Language::En, When::BeforeAWord) => {
                format!("{does} before a word is said: that counts.")
            }
            (Language::En, When::MidSentence) => format!("{does}, mid-sentence."),
            (Language::En, When::Afterwards) => format!("{does}."),
        }
    }

    pub(super) fn hangs_up(self) -> &'static str {
        self.pick("電話を切りました。", "Hangs up.")
    }

    pub(super) fn no_key(self, who: Answers) -> &'static str {
        match who {
            Answers::Voicemail => self.pick(
                "留守番電話は、引き受けたことになりません。",
                "A voicemail presses no key, so it takes nothing.",
            ),
            _ => self.pick(
                "キーが押されないので、まだ誰も引き受けていません。",
                "No key, so it is not taken.",
            ),
        }
    }

    pub(super) fn passed(self) -> &'static str {
        self.pick("次の人に回しました。", "Passed on.")
    }

    pub(super) fn taken(self) -> &'static str {
        self.pick(
            "引き受けました。ほかの人には電話しません。",
            "Taken. Nobody else is woken up.",
        )
    }

    pub(super) fn round(self, round: u32) -> String {
        match self.0 {
            Language::Ja => format!("{round} 巡目: 誰かが引き受けるまで、あきらめません。"),
            Language::En => format!("Round {round}: it goes on until somebody takes it."),
        }
    }

    pub(super) fn next_round(self, seconds: f64) -> String {
        let seconds = seconds.ceil().max(0.0);
        match self.0 {
            Language::Ja => format!("全員に電話しました。{seconds} 秒後に、もう一巡します。"),
            Language::En => format!("Everybody has been called. The next round: in {seconds} s."),
        }
    }

    pub(super) fn works_on_it(self, name: &str, seconds: f64) -> String {
        let seconds = seconds.ceil().max(0.0);
        match self.0 {
            Language::Ja => format!("{name} さんが対応しています… 復旧まで {seconds} 秒"),
            Language::En => format!("{name} works on it … recovery in {seconds} s"),
        }
    }

    pub(super) fn keys_ringing(self) -> &'static str {
        self.pick(
            "[1] 引き受ける  [2] 次の人へ  [Enter] 電話に出る  [h] 切る  [q] 終了",
            "[1] take it  [2] pass it on  [Enter] pick up  [h] decline  [q] quit",
        )
    }

    pub(super) fn keys_talking(self) -> &'static str {
        self.pick(
            "[1] 引き受ける  [2] 次の人へ  [3] もう一度聞く  [h] 切る  [q] 終了",
            "[1] take it  [2] pass it on  [3] hear it again  [h] hang up  [q] quit",
        )
    }

    pub(super) fn keys_waiting(self) -> &'static str {
        self.pick(
            "[r] 復旧させる  [q] 終了",
            "[r] let it recover now  [q] quit",
        )
    }

    pub(super) fn keys_reading(self) -> &'static str {
        self.pick("[Enter] 始める  [q] 終了", "[Enter] go on  [q] quit")
    }

    pub(super) fn keys_watching(self) -> &'static str {
        self.pick("[q] 終了", "[q] quit")
    }

    pub(super) fn rings_on(self, name: &str, seconds: f64) -> String {
        let seconds = seconds.ceil().max(0.0);
        match self.0 {
            Language::Ja => format!("{name} さんの電話が鳴っています。残り {seconds} 秒"),
            Language::En => format!("{name}'s phone rings, {seconds} s left"),
        }
    }

    /// `seconds`: from the alert until it was taken, in time of the night.
    pub(super) fn summary_calls(self, calls: usize, taken: Option<(&str, f64)>) -> String {
        let seconds = taken.map_or(0.0, |(_, seconds)| seconds.round());
        match (self.0, taken) {
            (Language::Ja, Some((name, _))) => {
                format!("{calls} 回電話し、{seconds} 秒後に {name} さんが引き受けました。")
            }
            (Language::Ja, None) => {
                format!("{calls} 回電話しました。誰も引き受けないうちに復旧しました。")
            }
            (Language::En, Some((name, _))) if calls == 1 => {
                format!("One call: {name} took the alert {seconds} s after it came.")
            }
            (Language::En, Some((name, _))) => {
                format!("{calls} calls: {name} took the alert {seconds} s after it came.")
            }
            (Language::En, None) => {
                let s = if calls == 1 { "" } else { "s" };
                format!("{calls} call{s}: it recovered before anybody took it.")
            }
        }
    }

    pub(super) fn summary_silence(self, taken: bool) -> &'static str {
        if taken {
            self.pick(
                "話し中・不在・留守電なら次の人へ。引き受けたあとは、誰にも電話しません。",
                "Busy, no answer, voicemail: on to the next. Key 1: nobody else is called.",
            )
        } else {
            self.pick(
                "復旧したあとは、誰にも電話しません。",
                "After the recovery nobody is called.",
            )
        }
    }

    pub(super) fn summary_journal(self, entries: usize) -> String {
        match self.0 {
            Language::Ja => {
                format!("ジャーナル {entries} 件で検査済み: 再生しても、同じ状態になりました。")
            }
            Language::En => {
                format!(
                    "Its journal of {entries} entries says just this, and replays to the same state."
                )
            }
        }
    }

    pub(super) fn next_steps(self) -> [(&'static str, &'static str); 2] {
        [
            (
                "rinban init",
                self.pick(
                    "そのまま動く設定ファイルを書き出します。",
                    "writes a configuration that works as it stands",
                ),
            ),
            (
                "rinban serve",
                self.pick(
                    "Zabbix や Mackerel のアラートを受けて電話します。",
                    "takes alerts from Zabbix and Mackerel, and calls",
                ),
            ),
        ]
    }

    pub(super) fn next_heading(self) -> &'static str {
        self.pick("次は:", "Next:")
    }

    pub(super) fn stopped(self) -> &'static str {
        self.pick("途中で終了しました。", "Ended by you.")
    }
}

/// Why nobody talked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The line was busy.
    Busy,
    /// Whoever sits at the keyboard does not want to talk.
    Declined,
    /// It rang out.
    NoAnswer,
    /// The call was taken back.
    Stopped,
}

/// Who answers a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// A machine.
    Voicemail,
    /// Somebody in the night that runs by itself.
    Person,
    /// Whoever sits at the keyboard.
    You,
}

/// When a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// The phone has said nothing yet.
    BeforeAWord,
    /// Into what it says.
    MidSentence,
    /// When it has said everything.
    Afterwards,
}
