//! A Zabbix server with its database and its JSON-RPC API, from Debian's packages, on loopback.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::place::{Daemon, Place, free_port, output, wait_for};

/// What the package ships of the database.
const SQL: &str = "/usr/share/zabbix-server-pgsql";

/// Of the rows that a new installation begins with, those that accounts, roles and settings need. The rest are templates
/// and pictures, which take most of the time of loading.
const TABLES: [&str; 17] = [
    "role",
    "role_rule",
    "usrgrp",
    "users",
    "users_groups",
    "hstgrp",
    "config",
    "config_autoreg_tls",
    "settings",
    "regexps",
    "expressions",
    "graph_theme",
    "globalmacro",
    "module",
    "ugset",
    "ugset_group",
    "user_ugset",
];

pub(crate) struct Zabbix {
    pub(crate) version: String,
    sender: PathBuf,
    configuration: PathBuf,
    log: PathBuf,
    port: u16,
    web_port: u16,
    token: String,
    // In the order in which they end.
    server: Option<Daemon>,
    frontend: Option<Daemon>,
    _database: Daemon,
}

impl Zabbix {
    /// Starts everything; `downloads` is what `install` has filled.
    pub(crate) fn start(place: &Place, downloads: &Path) -> Self {
        let (port, web_port, database_port) = (free_port(), free_port(), free_port());
        let database = start_database(place, database_port);
        fill_database(place, database_port);
        prepare_frontend(place, downloads, database_port, port);
        let mut zabbix = Self {
            version: String::new(),
            sender: downloads.join("bin/zabbix_sender"),
            configuration: place.write(
                "zabbix_server.conf",
                &configuration(place, port, database_port),
            ),
            log: place.path("zabbix_server.log"),
            port,
            web_port,
            token: String::new(),
            server: None,
            frontend: None,
            _database: database,
        };
        zabbix.start_server(place);
        zabbix.version = zabbix.start_frontend(place);
        zabbix.log_in();
        zabbix
    }

    /// Starts the server and waits until it takes values and sends alerts.
    pub(crate) fn start_server(&mut self, place: &Place) {
        assert!(self.server.is_none(), "one server at a time");
        let ready = |log: &str| log.matches("[alert manager #1]").count();
        let before = ready(&self.log_text());
        let mut server = place.daemon(
            "zabbix_server.start",
            Signal::SIGTERM,
            "/usr/sbin/zabbix_server",
            |command| {
                command.arg("-f").arg("-c").arg(&self.configuration);
            },
        );
        wait_for("the Zabbix server", || {
            if let Some(status) = server.has_ended() {
                panic!("zabbix_server ended with {status}");
            }
            let is_ready = ready(&self.log_text()) > before;
            (is_ready && TcpStream::connect(("127.0.0.1", self.port)).is_ok()).then_some(())
        });
        self.server = Some(server);
    }

    /// Stops the server as `systemctl stop` does; how long it took.
    pub(crate) fn stop_server(&mut self) -> Duration {
        let began = Instant::now();
        self.server.take().expect("it runs").stop();
        began.elapsed()
    }

    /// Starts the API and waits until it answers; its version.
    pub(crate) fn start_frontend(&mut self, place: &Place) -> String {
        assert!(self.frontend.is_none(), "one frontend at a time");
        self.frontend = Some(serve_frontend(place, self.web_port));
        // Who asks for the version must not say who he is.
        let token = std::mem::take(&mut self.token);
        let version = wait_for("an answer of the API", || {
            let version = self.try_call("apiinfo.version", &json!({})).ok()?;
            version.as_str().map(str::to_owned)
        });
        self.token = token;
        version
    }

    pub(crate) fn stop_frontend(&mut self) {
        self.frontend.take().expect("it runs").stop();
    }

    /// The address of the API.
    pub(crate) fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/api_jsonrpc.php", self.web_port)
    }

    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends values with Zabbix's own sender, `(host, key, value)`; `false` unless the server took every one.
    pub(crate) fn send(&self, values: &[(&str, &str, &str)]) -> bool {
        let lines: String = values
            .iter()
            .map(|(host, key, value)| {
                format!("{} {} {}\n", quoted(host), quoted(key), quoted(value))
            })
            .collect();
        let mut child = Command::new(&self.sender)
            .args(["-z", "127.0.0.1", "-p", &self.port.to_string(), "-i", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("zabbix_sender");
        child
            .stdin
            .take()
            .expect("it is piped")
            .write_all(lines.as_bytes())
            .expect("it reads");
        let output = child.wait_with_output().expect("a child of ours");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success() && said.contains("failed: 0")
    }

    /// Calls the API, which must succeed.
    pub(crate) fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, &params)
            .unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    pub(crate) fn try_call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let mut request = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        let mut headers = String::new();
        if !self.token.is_empty() {
            // Zabbix 6.0 knows the token in the body only, 7.2 and later in the header only.
            if self.version.starts_with("6.0") {
                request["auth"] = json!(self.token);
            } else {
                headers = format!("Authorization: Bearer {}\r\n", self.token);
            }
        }
        let body = request.to_string();
        let reply = post(self.web_port, &headers, &body).map_err(|error| error.to_string())?;
        let (_, body) = reply.split_once("\r\n\r\n").ok_or("no HTTP answer")?;
        let reply: Value =
            serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        match reply.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(reply["error"].to_string()),
        }
    }

    fn log_in(&mut self) {
        let session = self.call(
            "user.login",
            json!({ "username": "Admin", "password": "zabbix" }),
        );
        self.token = session.as_str().expect("a session").to_owned();
    }
}

fn post(port: u16, headers: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "POST /api_jsonrpc.php HTTP/1.0\r\nContent-Type: application/json-rpc\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

/// As zabbix_sender reads its input: in double quotes, with `\"`, `\\` and `\n`.
fn quoted(text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{text}\"")
}

fn start_database(place: &Place, port: u16) -> Daemon {
    let binaries = postgres();
    let data = place.path("database");
    let mut initdb = place.command(binaries.join("initdb"));
    initdb.arg("-D").arg(&data).args([
        "-U",
        "zabbix",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    output(initdb);
    place.daemon(
        "postgres",
        Signal::SIGINT,
        binaries.join("postgres"),
        |command| {
            command
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
            // The data is thrown away in the end.
            for setting in [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=off",
                "jit=off",
            ] {
                command.args(["-c", setting]);
            }
            command
                .arg("-c")
                .arg(format!("unix_socket_directories={}", data.display()));
        },
    )
}

fn postgres() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|binaries| binaries.join("initdb").exists())
        .max()
        .expect("PostgreSQL is installed")
}

fn psql(place: &Place, port: u16, database: &str) -> Command {
    let mut psql = place.command(postgres().join("psql"));
    psql.args([
        "-q",
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "127.0.0.1",
        "-U",
        "zabbix",
    ])
    .args(["-p", &port.to_string(), "-d", database]);
    psql
}

fn fill_database(place: &Place, port: u16) {
    wait_for("the database", || {
        let mut create = psql(place, port, "postgres");
        create.args(["-c", "create database zabbix"]);
        create.output().ok()?.status.success().then_some(())
    });
    let schema = unzipped("schema.sql");
    let rows = only_needed_rows(&unzipped("data.sql"));
    let file = place.write("fill.sql", &format!("BEGIN;\n{schema}\n{rows}\nCOMMIT;\n"));
    let mut fill = psql(place, port, "zabbix");
    fill.arg("-f").arg(file);
    output(fill);
}

fn unzipped(name: &str) -> String {
    let mut zcat = Command::new("zcat");
    zcat.arg(format!("{SQL}/{name}.gz"));
    output(zcat)
}

fn only_needed_rows(sql: &str) -> String {
    let mut needed = false;
    let mut rows = String::new();
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("INSERT INTO ") {
            let table = rest.split([' ', '(']).next().unwrap_or_default();
            needed = TABLES.contains(&table.trim_matches('"'));
        } else if matches!(line, "START TRANSACTION;" | "COMMIT;") {
            needed = false;
        }
        if needed {
            rows.push_str(line);
            rows.push('\n');
        }
    }
    rows
}

/// Copies the frontend, and tells it where everything is.
fn prepare_frontend(place: &Place, downloads: &Path, database_port: u16, server_port: u16) {
    let ui = place.copy(&downloads.join("ui"), "ui");
    let configuration = place.write(
        "zabbix.conf.php",
        &format!(
            "<?php\n$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '127.0.0.1', 'PORT' => '{database_port}', 'DATABASE' => 'zabbix', \
             'USER' => 'zabbix', 'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false, 'KEY_FILE' => '', 'CERT_FILE' => '', \
             'CA_FILE' => '', 'VERIFY_HOST' => false, 'CIPHER_LIST' => '', 'VAULT' => '', 'VAULT_URL' => '', \
             'VAULT_DB_PATH' => '', 'VAULT_TOKEN' => '', 'DOUBLE_IEEE754' => true];\n\
             $ZBX_SERVER = '127.0.0.1'; $ZBX_SERVER_PORT = '{server_port}'; $ZBX_SERVER_NAME = 'rinban';\n\
             $IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;\n"
        ),
    );
    // Debian has the configuration's path compiled in.
    let class = ui.join("include/classes/core/CConfigFile.php");
    let php = fs::read_to_string(&class).expect("the frontend's class");
    let php = php.replace(
        "/etc/zabbix/zabbix.conf.php",
        &configuration.display().to_string(),
    );
    fs::write(&class, php).expect("a copy of ours");
}

fn serve_frontend(place: &Place, port: u16) -> Daemon {
    let ui = place.path("ui");
    place.daemon("frontend", Signal::SIGTERM, "php", |command| {
        command
            .args([
                "-d",
                "display_errors=0",
                "-d",
                "memory_limit=256M",
                "-d",
                "post_max_size=16M",
            ])
            .args(["-d", "opcache.enable_cli=1", "-d", "max_execution_time=300"])
            .args(["-S", &format!("127.0.0.1:{port}"), "-t"])
            .arg(&ui);
    })
}

fn configuration(place: &Place, port: u16, database_port: u16) -> String {
    let sockets = place.make_dir("sockets");
    let scripts = place.make_dir("alertscripts");
    let external = place.make_dir("externalscripts");
    format!(
        "ListenIP=127.0.0.1\nListenPort={port}\nLogFile={log}\nLogFileSize=0\nDebugLevel=3\nPidFile={pid}\nSocketDir={sockets}\n\
         DBHost=127.0.0.1\nDBPort={database_port}\nDBName=zabbix\nDBUser=zabbix\n\
         AlertScriptsPath={scripts}\nExternalScripts={external}\n\
         StartPollers=1\nStartPollersUnreachable=1\nStartPreprocessors=1\nStartTrappers=2\nStartDBSyncers=1\n\
         StartTimers=1\nStartLLDProcessors=1\nStartPingers=0\nStartDiscoverers=0\nStartHTTPPollers=0\n\
         CacheUpdateFrequency=1\nHousekeepingFrequency=0\nTimeout=4\n",
        log = place.path("zabbix_server.log").display(),
        pid = place.path("zabbix_server.pid").display(),
        sockets = sockets.display(),
        scripts = scripts.display(),
        external = external.display(),
    )
}
