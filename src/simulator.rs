//! The phone network in one process: people who answer or do not, a TwiML interpreter, signed webhooks, faults from a seed.
//!
//! It shares no signature or URL code with the core: a mistake that both made would pass unseen.
