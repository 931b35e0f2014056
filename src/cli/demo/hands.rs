//! The person at the keyboard. The terminal is put into raw mode, so that a key counts without Enter, and is put back
//! however the demo ends.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossterm::{
    cursor,
    event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    execute,
    terminal::{disable_raw_mode, enable_raw_mode},
};
use tokio::sync::mpsc;

/// How long the thread that reads keys waits for one before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Press a key of the phone.
    Key(char),
    /// Pick the phone up.
    PickUp,
    /// Put the phone down, or decline the call.
    HangUp,
    /// Let the monitor see that the problem is over.
    Recover,
    /// End the demo.
    Quit,
}

/// The keyboard, in raw mode until this is dropped.
#[derive(Debug)]
pub(super) struct Hands {
    wishes: mpsc::UnboundedReceiver<Wish>,
    enough: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Hands {
    /// Takes the terminal over.
    pub(super) fn on_keyboard() -> io::Result<Self> {
        restore_on_panic();
        enable_raw_mode()?;
        let (wish, wishes) = mpsc::unbounded_channel();
        let enough = Arc::new(AtomicBool::new(false));
        let mut hands = Self {
            wishes,
            enough: Arc::clone(&enough),
            reader: None,
        };
        let reader = thread::Builder::new().name("keys".to_owned());
        hands.reader = Some(reader.spawn(move || read(&wish, &enough))?);
        Ok(hands)
    }

    /// What the person wants next. Never ready if the keyboard is gone.
    pub(super) async fn next(&mut self) -> Wish {
        match self.wishes.recv().await {
            Some(wish) => wish,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        // A terminal that has gone away can keep crossterm reading for ever; then the thread ends with the process.
        let give_up = Instant::now() + 4 * LOOK;
        while self
            .reader
            .as_ref()
            .is_some_and(|reader| !reader.is_finished())
            && Instant::now() < give_up
        {
            thread::sleep(LOOK / 10);
        }
        // There is nobody to tell that this failed.
        let _ = disable_raw_mode();
    }
}

fn read(wish: &mpsc::UnboundedSender<Wish>, enough: &AtomicBool) {
    while !enough.load(Ordering::Relaxed) {
        match event::poll(LOOK).and_then(|ready| ready.then(event::read).transpose()) {
            Ok(None) => {}
            Ok(Some(Event::Key(key))) => {
                if let Some(wanted) = wanted(key)
                    && wish.send(wanted).is_err()
                {
                    return;
                }
            }
            Ok(Some(_)) => {}
            // The terminal is gone.
            Err(_) => {
                let _ = wish.send(Wish::Quit);
                return;
            }
        }
    }
}

fn wanted(key: KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'd') if control => Some(Wish::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Wish::Quit),
        KeyCode::Char('r') => Some(Wish::Recover),
        KeyCode::Char('h') => Some(Wish::HangUp),
        KeyCode::Char(c) if c.is_ascii_digit() || matches!(c, '*' | '#') => Some(Wish::Key(c)),
        // What a Japanese input method makes of the digits.
        KeyCode::Char(c @ '０'..='９') => {
            let digit = u32::from(c) - u32::from('０');
            char::from_digit(digit, 10).map(Wish::Key)
        }
        KeyCode::Enter | KeyCode::Char(' ') => Some(Wish::PickUp),
        _ => None,
    }
}

/// A message of a panic must be readable, and the shell usable after it.
fn restore_on_panic() {
    let here = thread::current().id();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().id() == here {
            let _ = disable_raw_mode();
            let _ = execute!(io::stderr(), cursor::Show);
        }
        report(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_keyboard_are_what_a_person_does_with_a_phone() {
        let check = |code, modifiers, expected| {
            assert_eq!(wanted(KeyEvent::new(code, modifiers)), expected, "{code:?}");
        };
        let none = KeyModifiers::NONE;
        check(KeyCode::Char('1'), none, Some(Wish::Key('1')));
        check(KeyCode::Char('３'), none, Some(Wish::Key('3')));
        check(KeyCode::Enter, none, Some(Wish::PickUp));
        check(KeyCode::Char('h'), none, Some(Wish::HangUp));
        check(KeyCode::Char('r'), none, Some(Wish::Recover));
        check(KeyCode::Char('q'), none, Some(Wish::Quit));
        check(KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Wish::Quit));
        check(KeyCode::Char('c'), none, None);
    }
}
