//! What an administrator sets up in Zabbix, through its API.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use crate::{place::wait_for, server::Zabbix};

pub(crate) const HOST: &str = "web01";

/// The host that our template is linked to.
const WATCHED: &str = "rinban";

/// A text item says that all is well.
pub(crate) const OK: &str = "ok";

/// Subjects and messages of problem and recovery, as an older installation has them in its action.
pub(crate) type OwnWords = [(&'static str, &'static str); 2];

pub(crate) struct Office {
    media_type: String,
    yaml: String,
    user_group: String,
    host_group: String,
    host: String,
    markers: Cell<u32>,
    token: RefCell<Option<String>>,
}

impl Office {
    /// Imports the media type and makes the host.
    pub(crate) fn open(zabbix: &Zabbix, media_type: &Path) -> Self {
        let yaml = fs::read_to_string(media_type).expect("the media type");
        let media_type = import(zabbix, &yaml, "rinban");
        let host_group = first(
            &zabbix.call("hostgroup.create", json!({ "name": "rinban" })),
            "groupids",
        );
        let rights = rights_of(zabbix);
        // Who shares no group with the recipient is named "Inaccessible user" in messages.
        let user_group = zabbix.call(
            "usergroup.create",
            json!({ "name": "on call", "users": [{ "userid": "1" }], rights: [{ "permission": 2, "id": host_group }] }),
        );
        let host = zabbix.call(
            "host.create",
            json!({ "host": HOST, "name": "Web server 01", "groups": [{ "groupid": host_group }] }),
        );
        Self {
            media_type,
            yaml,
            user_group: first(&user_group, "usrgrpids"),
            host: first(&host, "hostids"),
            host_group,
            markers: Cell::new(0),
            token: RefCell::new(None),
        }
    }

    /// Our media type once more, with another script.
    pub(crate) fn media_type_with_script(&self, zabbix: &Zabbix, script: &str) -> String {
        let yaml = self
            .yaml
            .replace("name: rinban", &format!("name: {script}"));
        import(
            zabbix,
            &yaml.replace(
                "script_name: zabbix-alertscript",
                &format!("script_name: {script}"),
            ),
            script,
        )
    }

    /// A user who is told by our media type of all problems with the tag `team`, and whose send-to is the same word.
    pub(crate) fn action(&self, zabbix: &Zabbix, team: &str) -> String {
        let ours = json!({ "default_msg": 1, "mediatypeid": self.media_type });
        self.action_by(
            zabbix,
            team,
            &self.media_type,
            [ours, json!({ "default_msg": 1 })],
        )
    }

    /// The same in words of the action's own.
    pub(crate) fn action_in(&self, zabbix: &Zabbix, team: &str, words: OwnWords) -> String {
        let messages = words.map(|(subject, message)| json!({ "default_msg": 0, "subject": subject, "message": message }));
        self.action_by(zabbix, team, &self.media_type, messages)
    }

    /// The same with another script.
    pub(crate) fn action_with_script(&self, zabbix: &Zabbix, team: &str) -> String {
        let media_type = self.media_type_with_script(zabbix, team);
        let message = json!({ "default_msg": 1 });
        self.action_by(zabbix, team, &media_type, [message.clone(), message])
    }

    fn action_by(
        &self,
        zabbix: &Zabbix,
        team: &str,
        media_type: &str,
        [mut problem, recovery]: [Value; 2],
    ) -> String {
        let user = zabbix.call(
            "user.create",
            json!({
                "username": format!("on call {team}"), "passwd": "sore-Thumb-42", "roleid": "1",
                "usrgrps": [{ "usrgrpid": self.user_group }],
                "medias": [{ "mediatypeid": media_type, "sendto": team, "active": 0, "severity": 63, "period": "1-7,00:00-24:00" }],
            }),
        );
        problem["mediatypeid"] = json!(media_type);
        let action = zabbix.call(
            "action.create",
            json!({
                "name": format!("rinban {team}"), "eventsource": 0, "esc_period": "60s",
                "filter": { "evaltype": 0, "conditions": [{ "conditiontype": 26, "operator": 0, "value": team, "value2": "team" }] },
                "operations": [{
                    "operationtype": 0, "esc_step_from": 1, "esc_step_to": 0, "evaltype": 0, "opmessage": problem,
                    "opmessage_usr": [{ "userid": first(&user, "userids") }],
                }],
                "recovery_operations": [{ "operationtype": 11, "opmessage": recovery }],
                "update_operations": [{ "operationtype": 12, "opmessage": { "default_msg": 1 } }],
            }),
        );
        first(&action, "actionids")
    }

    /// A token of a user who is there for rinban alone, and who may write on our hosts: closing needs that. Made once.
    pub(crate) fn api_token(&self, zabbix: &Zabbix) -> String {
        let mut token = self.token.borrow_mut();
        token
            .get_or_insert_with(|| self.make_api_token(zabbix))
            .clone()
    }

    fn make_api_token(&self, zabbix: &Zabbix) -> String {
        let rights = rights_of(zabbix);
        let group = zabbix.call(
            "usergroup.create",
            json!({ "name": "rinban API", rights: [{ "permission": 3, "id": self.host_group }] }),
        );
        let user = zabbix.call(
            "user.create",
            json!({
                "username": "rinban-api", "name": "rinban", "surname": "API", "passwd": "sore-Thumb-43", "roleid": "1",
                "usrgrps": [{ "usrgrpid": first(&group, "usrgrpids") }],
            }),
        );
        let token = zabbix.call(
            "token.create",
            json!({ "name": "rinban", "userid": first(&user, "userids") }),
        );
        let made = zabbix.call("token.generate", json!([first(&token, "tokenids")]));
        text(&made[0]["token"])
    }

    /// A maintenance of our hosts for the problems of a team, from now on.
    pub(crate) fn maintenance(&self, zabbix: &Zabbix, team: &str) -> String {
        let now = jiff::Timestamp::now().as_second();
        let made = zabbix.call(
            "maintenance.create",
            json!({
                "name": team, "active_since": now - 60, "active_till": now + 3_600, "groups": [{ "groupid": self.host_group }],
                "tags": [{ "tag": "team", "operator": 0, "value": team }],
                "timeperiods": [{ "timeperiod_type": 0, "start_date": now - 60, "period": 3_600 }],
            }),
        );
        first(&made, "maintenanceids")
    }

    /// Text items and a trigger on each: a problem unless the item says [`OK`]. `(key, name, event name)`.
    pub(crate) fn triggers(
        &self,
        zabbix: &Zabbix,
        team: &str,
        triggers: &[(String, String, String)],
    ) -> Vec<String> {
        let items: Vec<Value> = triggers.iter().map(|(key, _, _)| self.item(key)).collect();
        zabbix.call("item.create", json!(items));
        let triggers: Vec<Value> = triggers
            .iter()
            .map(|(key, name, event_name)| {
                json!({
                    "description": name, "event_name": event_name, "priority": 5, "manual_close": 1,
                    "expression": format!("last(/{HOST}/{key})<>\"{OK}\""),
                    "url": "http://127.0.0.1/runbook?a=1&b=2", "opdata": "{ITEM.LASTVALUE}",
                    "tags": [{ "tag": "team", "value": team }, { "tag": "it's \"quoted\" \\", "value": "$(id)" }],
                })
            })
            .collect();
        let made = zabbix.call("trigger.create", json!(triggers));
        made["triggerids"]
            .as_array()
            .expect("a list")
            .iter()
            .map(text)
            .collect()
    }

    fn item(&self, key: &str) -> Value {
        json!({
            "hostid": self.host, "name": key, "key_": key, "type": 2, "value_type": 4, "history": "1d",
        })
    }

    /// Imports the template, and links it to a host of its own; the id of its trigger.
    pub(crate) fn watch_rinban(&self, zabbix: &Zabbix, yaml: &str, port: u16, key: &str) -> String {
        import_template(zabbix, yaml);
        let found = zabbix.call(
            "template.get",
            json!({ "filter": { "host": "Rinban by HTTP" }, "output": ["templateid"] }),
        );
        zabbix.call(
            "host.create",
            json!({
                "host": WATCHED, "groups": [{ "groupid": self.host_group }],
                "templates": [{ "templateid": text(&found[0]["templateid"]) }],
                "macros": [
                    { "macro": "{$RINBAN.URL}", "value": format!("http://127.0.0.1:{port}") },
                    { "macro": "{$RINBAN.KEY}", "value": key, "type": 1 },
                    { "macro": "{$RINBAN.NODATA}", "value": "30s" },
                ],
            }),
        );
        let triggers = zabbix.call(
            "trigger.get",
            json!({ "host": WATCHED, "output": ["triggerid", "description"] }),
        );
        assert_eq!(triggers[0]["description"], "rinban does not answer");
        text(&triggers[0]["triggerid"])
    }

    /// Removes that host.
    pub(crate) fn unwatch_rinban(&self, zabbix: &Zabbix) {
        let found = zabbix.call(
            "host.get",
            json!({ "filter": { "host": WATCHED }, "output": ["hostid"] }),
        );
        zabbix.call("host.delete", json!([text(&found[0]["hostid"])]));
    }

    /// Waits until the server knows everything that was made: it takes values for an item only once it has read it, and reads
    /// everything at once.
    pub(crate) fn settle(&self, zabbix: &Zabbix) {
        self.markers.set(self.markers.get() + 1);
        let marker = format!("marker.{}", self.markers.get());
        zabbix.call("item.create", json!([self.item(&marker)]));
        wait_for("the server to learn of its configuration", || {
            zabbix.send(&[(HOST, &marker, OK)]).then_some(())
        });
    }

    /// The last problem event of a trigger.
    pub(crate) fn event(&self, zabbix: &Zabbix, trigger: &str) -> Value {
        wait_for("the event", || {
            let events = zabbix.call(
                "event.get",
                json!({ "objectids": [trigger], "value": 1, "sortfield": ["eventid"], "sortorder": "DESC", "limit": 1, "output": "extend" }),
            );
            events.get(0).cloned()
        })
    }

    /// The action log of one send-to, oldest first.
    pub(crate) fn log(&self, zabbix: &Zabbix, sendto: &str) -> Vec<Logged> {
        let rows = zabbix.call(
            "alert.get",
            json!({ "filter": { "sendto": sendto }, "output": "extend", "sortfield": "alertid" }),
        );
        let rows = rows.as_array().expect("a list").iter();
        rows.map(|row| Logged {
            subject: text(&row["subject"]),
            status: text(&row["status"]).parse().expect("a number"),
            retries: text(&row["retries"]).parse().expect("a number"),
            error: text(&row["error"]),
        })
        .collect()
    }

    /// The same once there are at least so many rows and Zabbix is done with all of them.
    pub(crate) fn finished_log(&self, zabbix: &Zabbix, sendto: &str, rows: usize) -> Vec<Logged> {
        wait_for("the action log", || {
            let log = self.log(zabbix, sendto);
            let is_done = log.iter().all(|row| matches!(row.status, SENT | FAILED));
            (log.len() >= rows && is_done).then_some(log)
        })
    }
}

/// One row of Reports > Action log.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) subject: String,
    pub(crate) status: u8,
    pub(crate) retries: u32,
    pub(crate) error: String,
}

impl Logged {
    /// Whether the first run of the script was the only one, and without a word.
    pub(crate) fn is_sent_at_once(&self) -> bool {
        (self.status, self.retries, self.error.as_str()) == (SENT, 0, "")
    }
}

/// Zabbix's word for an alert whose script ended with 0.
pub(crate) const SENT: u8 = 1;

/// Zabbix's word for an alert that it has given up.
pub(crate) const FAILED: u8 = 2;

/// Imports a media type; a second import finds nothing to change. Its id.
fn import(zabbix: &Zabbix, yaml: &str, name: &str) -> String {
    let rules = json!({
        "format": "yaml", "source": yaml,
        "rules": { "mediaTypes": { "createMissing": true, "updateExisting": true } },
    });
    assert_eq!(
        zabbix.call("configuration.import", rules.clone()),
        json!(true)
    );
    assert_eq!(
        zabbix.call("configuration.importcompare", rules),
        json!([]),
        "what was imported is what the file says"
    );
    let found = zabbix.call(
        "mediatype.get",
        json!({ "filter": { "name": name }, "output": ["mediatypeid"] }),
    );
    text(&found[0]["mediatypeid"])
}

/// Imports a template; a second import finds nothing to change.
fn import_template(zabbix: &Zabbix, yaml: &str) {
    let both = json!({ "createMissing": true, "updateExisting": true });
    // From 6.2 on, templates have groups of their own.
    let groups = if zabbix.version.starts_with("6.0") {
        "groups"
    } else {
        "template_groups"
    };
    let mut rules = json!({
        "templates": both, "items": both, "triggers": both, "valueMaps": both,
    });
    rules[groups] = both;
    let params = json!({ "format": "yaml", "source": yaml, "rules": rules });
    assert_eq!(
        zabbix.call("configuration.import", params.clone()),
        json!(true)
    );
    assert_eq!(
        zabbix.call("configuration.importcompare", params),
        json!([]),
        "what was imported is what the file says"
    );
}

/// From 6.2 on, rights are those of host groups and of template groups.
fn rights_of(zabbix: &Zabbix) -> &'static str {
    if zabbix.version.starts_with("6.0") {
        "rights"
    } else {
        "hostgroup_rights"
    }
}

fn first(made: &Value, ids: &str) -> String {
    text(&made[ids][0])
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
