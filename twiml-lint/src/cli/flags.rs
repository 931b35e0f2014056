//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use twiml_lint::Level;

use super::layer::Layer;

/// Finds what makes calls fail in TwiML: relative URLs in the first place
///
/// Directories are searched for *.xml, *.twiml and templates of them; what .gitignore names is left out. Files that are named
/// are checked in any case.
#[derive(Debug, Parser)]
#[command(
    name = "twiml-lint",
    version,
    after_help = "Exit status: 0 clean, 1 findings (or a difference under --diff), 2 wrong usage or a file that cannot be read."
)]
pub(crate) struct Flags {
    /// Files and directories, - for standard input [default: the current directory]
    pub(crate) paths: Vec<PathBuf>,

    /// Read standard input, and call it so
    #[arg(long, value_name = "NAME", help_heading = "Files")]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// What names end in that are checked in directories, instead of the default
    #[arg(
        long,
        value_name = "EXT",
        value_delimiter = ',',
        help_heading = "Files"
    )]
    pub(crate) extension: Vec<String>,
    /// Leave out what matches in directories, as a line of .gitignore
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub(crate) exclude: Vec<String>,
    /// Leave out what is excluded also when it is named
    #[arg(long, help_heading = "Files")]
    pub(crate) force_exclude: bool,
    /// Search also hidden files and what .gitignore names
    #[arg(long, help_heading = "Files")]
    pub(crate) no_ignore: bool,
    /// Succeed if there is nothing to check
    #[arg(long, help_heading = "Files")]
    pub(crate) allow_empty: bool,

    /// Read this configuration, whatever lies beside the files
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub(crate) config: Option<PathBuf>,
    /// Read no twiml-lint.toml
    #[arg(long, conflicts_with = "config", help_heading = "Configuration")]
    pub(crate) no_config: bool,

    #[command(flatten)]
    pub(crate) rules: RuleFlags,

    /// How findings are written
    #[arg(
        long,
        value_enum,
        default_value_t = Format::Text,
        help_heading = "Report"
    )]
    pub(crate) format: Format,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) output: Option<PathBuf>,
    /// Colours
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t = When::Auto,
        help_heading = "Report"
    )]
    pub(crate) color: When,
    /// Findings only: no excerpts, no summary
    #[arg(long, short, help_heading = "Report")]
    pub(crate) quiet: bool,
    /// How many findings of a file are shown
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        help_heading = "Report"
    )]
    pub(crate) max_findings: usize,
    /// From which level on findings make the exit status 1
    #[arg(
        long,
        value_enum,
        value_name = "LEVEL",
        default_value_t = FailOn::Info,
        help_heading = "Report"
    )]
    pub(crate) fail_on: FailOn,
    /// Report nothing that this file records
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) baseline: Option<PathBuf>,
    /// Record all findings in this file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "baseline",
        help_heading = "Report"
    )]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Mend in the files what can be mended; of standard input, print the mended text
    #[arg(long, conflicts_with = "write_baseline", help_heading = "Fixes")]
    pub(crate) fix: bool,
    /// Print what --fix would change, and change nothing
    #[arg(
        long,
        conflicts_with_all = ["write_baseline", "fix"],
        help_heading = "Fixes"
    )]
    pub(crate) diff: bool,

    /// Say what a rule is about: a code or name
    #[arg(
        long,
        value_name = "CODE",
        num_args = 1..,
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub(crate) explain: Vec<String>,
    /// List the rules
    #[arg(long, help_heading = "Rules")]
    pub(crate) list_rules: bool,
}

/// What the command line says about rules.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleFlags {
    /// Only these rules: codes, names, or how codes begin
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// How grave a rule's findings are: off, info, warning or error
    #[arg(long, value_name = "CODE=LEVEL", value_delimiter = ',', value_parser = severity)]
    severity: Vec<(String, Level)>,
    /// Rules at their strict level
    #[arg(long)]
    strict: bool,
    /// A URL that begins with a placeholder counts as relative
    #[arg(long)]
    strict_placeholders: bool,
    /// The URL under which the documents are served; relative ones are joined to it by --fix
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The documents are sent in the Twiml parameter of a request, and have no URL of their own
    #[arg(long)]
    inline: bool,
}

impl RuleFlags {
    /// The same as a layer of settings.
    pub(crate) fn layer(&self) -> Layer {
        Layer {
            base_url: self.base_url.clone(),
            strict: self.strict.then_some(true),
            strict_placeholders: self.strict_placeholders.then_some(true),
            inline: self.inline.then_some(true),
            select: (!self.select.is_empty()).then(|| self.select.clone()),
            ignore: self.ignore.clone(),
            severity: self.severity.clone(),
        }
    }
}

fn severity(text: &str) -> Result<(String, Level), String> {
    let (name, level) = text
        .split_once('=')
        .ok_or("write it as TW110=error: a code or name, and a level")?;
    let level = Level::parse(level)
        .ok_or_else(|| format!("{level:?} is no level; write off, info, warning or error"))?;
    Ok((name.to_owned(), level))
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with excerpts
    Text,
    /// One line each
    Concise,
    /// One JSON object a line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML
    Junit,
    /// Checkstyle XML
    Checkstyle,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// From which level on findings count for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// All
    Info,
    /// Warnings and errors
    Warning,
    /// Errors
    Error,
    /// None
    Never,
}

impl FailOn {
    /// Whether a finding of this level makes the command fail.
    pub(crate) fn counts(self, level: Level) -> bool {
        match self {
            Self::Info => level >= Level::Info,
            Self::Warning => level >= Level::Warning,
            Self::Error => level >= Level::Error,
            Self::Never => false,
        }
    }
}
