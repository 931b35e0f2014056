//! The place of the conformance suite, which is to play the phone network, its rare failures included, against any webhook
//! handler. It is not written yet: this crate has no code.
