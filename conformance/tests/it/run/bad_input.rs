//! What goes wrong before anything can be told: a clear line, and the exit status that is documented.
