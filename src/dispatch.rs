//! Which provider carries an attempt. Pure, given health and time.
