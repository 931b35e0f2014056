//! The forms in which a run is told.
