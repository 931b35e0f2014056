//! What is said about a mistake, and how it is mended.

use super::findings;

/// The first thing that is found, as `message; help`.
fn told(source: &str) -> String {
    let findings = findings(source);
    let [first, ..] = &findings[..] else {
        panic!("nothing found in {source}");
    };
    format!(
        "{}; {}",
        first.message,
        first.help.as_deref().unwrap_or_default()
    )
}

#[test]
fn the_help_says_what_was_meant() {
    let check = |source: &str, help: &str| {
        let told = told(&format!("<Response>{source}</Response>"));
        assert!(told.ends_with(&format!("; {help}")), "{source}: {told}");
    };
    check(
        "<Gather><Pley>https://e</Pley></Gather>",
        "did you mean <Play>?",
    );
    check("<GetDigits/>", "did you mean <Gather>?");
    check("<Wait/>", "did you mean <Pause>?");
    check("<Say><braek/></Say>", "did you mean <break>?");
    check(
        "<Say><speak>x</speak></Say>",
        "write SSML into <Say> without <speak> around it",
    );
    check("<Pause><Xyzzy/></Pause>", "<Pause> holds no elements");
    check("<Refer><Xyzzy/></Refer>", "<Refer> holds <Sip>");
    check(
        "<Xyzzy/>",
        "https://www.twilio.com/docs/voice/twiml lists the verbs",
    );
    check("<Number>+1555</Number>", "it may stand in <Dial>");
    check(
        "<Hangup><Say>x</Say></Hangup>",
        "it may stand in <Gather>, <Prompt> or <Response>",
    );
    check(
        "<Pause><Dial>+1555</Dial></Pause>",
        "it may stand in <Response>, after </Pause>",
    );
    check(
        "<Say>x</Say><Message>x</Message>",
        "write it into the document that answers a message",
    );
    check(
        "<Response/>",
        "write the verbs without it: only the root is a <Response>",
    );
    check("<Gather num_digits='1'/>", "did you mean numDigits?");
    check(
        "<Dial url='https://e'><Number>+1555</Number></Dial>",
        "<Application>, in it, has one",
    );
    check(
        "<Dial><Number timeout='2'>+1555</Number></Dial>",
        "<Dial>, around it, has one",
    );
    check(
        "<Hangup reason='busy'/>",
        "<Hangup> has no attributes; take it out",
    );
    check("<Say speed='2'>x</Say>", "take it out");
    check("<Gather method='PSOT'/>", "did you mean POST?");
    check("<Gather method='carrier pigeon'/>", "write GET or POST");
    check(
        "<Gather timeout='5 s'/>",
        "write 5: times are in seconds, without a unit",
    );
    check("<Gather enhanced='yes'/>", "write true");
    check("<Say language='ja_JP'>x</Say>", "write ja-JP");
    check(
        "<Dial>client:a</Dial>",
        "call clients with <Client> in <Dial>",
    );
    check("<Gather input='dtmf, speech'/>", "write dtmf speech");
    check("<Pause>5</Pause>", "write it as length=\"...\"");
    check("<Gather>Press 1.</Gather>", "put it into <Say>");
    check("<Hangup>　</Hangup>", "indent with plain blanks");
    check("<Dial/>", "write it between the tags, or in <Number>");
    check("<Say/>", "write it between <Say> and </Say>");
}

#[test]
fn what_can_be_mended_safely_is_mended() {
    let check = |source: &str, mended: &str| {
        let mut edits: Vec<_> = findings(source)
            .into_iter()
            .filter_map(|finding| finding.fix)
            .flat_map(|fix| fix.edits)
            .collect();
        edits.sort_by_key(|edit| edit.span.start);
        let mut text = source.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.range(), &edit.text);
        }
        assert_eq!(text, mended);
    };
    check(
        "<Response><gather ><SAY>x</SAY ></gather\n><hangup/><PAUSE></PAUSE></Response>",
        "<Response><Gather ><Say>x</Say ></Gather\n><Hangup/><Pause></Pause></Response>",
    );
    check(
        "<Response><Dial Timeout=\"20\" CALLERID='x' callerid='y'>+1555</Dial></Response>",
        "<Response><Dial timeout=\"20\" CALLERID='x' callerid='y'>+1555</Dial></Response>",
    );
    check(
        "<Response><Gather method=' post' enhanced='TRUE' input='Dtmf,  Speech'/></Response>",
        "<Response><Gather method='POST' enhanced='true' input='dtmf speech'/></Response>",
    );
    check(
        "<Response><Gather input='dtmf speech  dtmf speech'/></Response>",
        "<Response><Gather input='dtmf speech'/></Response>",
    );
    // What was misspelt may have been meant otherwise.
    let misspelt = "<Response><Sya a='1'>x</Sya><Gather methd='GET' input='dmtf'/></Response>";
    check(misspelt, misspelt);
}
