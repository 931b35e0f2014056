//! `rinban serve` in a world that is not as it should be: it says what is wrong and how to mend it, and loses nothing. Each test
//! spools an event first; once the world is mended, a core takes it.

mod configuration;
mod disk;
mod ending;
mod receiver;
mod spool;
mod store;

use crate::support::{
    carrier::Carrier,
    core::{Core, Home, problem},
    wait_for,
};

/// A home in whose spool an event waits.
#[derive(Debug)]
struct Waiting {
    home: Home,
    carrier: Carrier,
}

impl Waiting {
    fn new() -> Self {
        Self::in_home(Home::new)
    }

    fn in_home(home: impl FnOnce(&Carrier) -> Home) -> Self {
        let carrier = Carrier::start();
        let home = home(&carrier);
        home.spool(&problem("waits"));
        Self { home, carrier }
    }

    /// After a core has run here once.
    fn with_a_store() -> Self {
        let carrier = Carrier::start();
        let home = Home::new(&carrier);
        home.serve().stop();
        home.spool(&problem("waits"));
        Self { home, carrier }
    }

    /// `serve` fails with this status, says all of these words, and leaves the event where it is.
    #[track_caller]
    fn check_refused(&self, status: i32, words: &[&str]) {
        let (ended, said) = self.home.run(&["serve"]);
        assert_eq!(ended, status, "{said}");
        // The last line is what a person sees.
        let last = said.lines().last().unwrap_or_default();
        for word in words {
            assert!(last.contains(word), "{word:?} is not in {last:?} of {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(self.home.spooled("new"), 1, "the event waits: {said}");
    }

    /// The world is mended: a core takes the event, and calls.
    #[track_caller]
    fn check_taken(&self) -> Core {
        let core = self.home.serve();
        self.check_taken_by(&core);
        core
    }

    #[track_caller]
    fn check_taken_by(&self, core: &Core) {
        core.wait_for_alerts(1);
        self.carrier.call(0);
        wait_for("an empty spool", || {
            (self.home.spooled("new") == 0).then_some(())
        });
    }
}
