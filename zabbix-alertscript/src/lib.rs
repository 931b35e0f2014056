//! The Zabbix alertscript of rinban. What Zabbix passes becomes an event, the event is handed over to the core, and the
//! exit status tells Zabbix whether it was. In reading order:
//!
//! * [`arguments`]: the command line;
//! * [`message`]: the body of our media type;
//! * [`plain`]: the bodies of Zabbix's own templates;
//! * [`facts`]: what a message says, and its event;
//! * [`database`]: Zabbix's database is down;
//! * [`verdict`]: the decision;
//! * [`run`]: the rim.

pub mod arguments;
mod check;
pub mod database;
pub mod facts;
mod install;
pub mod message;
pub mod plain;
pub mod run;
mod server_conf;
pub mod verdict;
