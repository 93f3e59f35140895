//! The command line: `holdfast [serve|demo|config|token|account|verify|dump|repair|backup|restore] [flags]`; what asks a
//! running server, `holdfast status|events|holds|sessions|cleanup|snapshot`, which is defined beside what it does, in
//! [`crate::operator`]; and `holdfast bench`, which is defined with the load generator, in [`holdfast_benches::bench`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use holdfast_benches::bench::arguments::BenchArguments;
use holdfast_engine::core::id::Slug;
use holdfast_engine::offline::DumpFilter;

use crate::config::{ConfigError, Override};
use crate::login::account_errand::{AccountAction, AccountErrand, PasswordSource};
use crate::manual::ManualErrand;
use crate::offline::{Errand, parse_event};
use crate::operator::OperatorCommand;
use crate::tokens::{Role, TokenErrand};

/// Holdfast, a reservation engine for ticket sales.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

const AFTER_HELP: &str = "Every key of the configuration can also be set as HOLDFAST__SECTION__KEY. Flags go before the \
                          environment, the environment before the file, the file before the defaults. An operator's \
                          token is made and printed once at the first start of a data directory, unless one is given \
                          for the run as HOLDFAST_ADMIN_TOKEN.\n\n\
                          Exit codes of the commands that ask a running server: 0 done, 2 not understood, 64 refused, \
                          65 a file is no JSON, 69 the server cannot be reached, 70 it answers nonsense or has a fault, \
                          74 a file or output fails, 75 not now, 77 the token is none or may not, 78 a setting cannot be.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; the same as no command at all.
    Serve(Flags),
    /// Run the server with sample events and simulated buyers, on a temporary data directory unless one is given.
    Demo(Flags),
    /// Print the configuration in force as TOML and do nothing else.
    Config(Flags),
    #[command(flatten)]
    Operator(OperatorCommand),
    /// Add, remove or list the tokens of a data directory, whether or not a server uses it.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Add, remove or reset an account of a data directory that no server uses. A running server has the admin API for that.
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Check everything in a data directory that no server uses: journal, snapshots, and that they agree. Changes nothing.
    Verify {
        #[command(flatten)]
        place: Place,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the changes in a data directory that no server uses as JSON lines, like GET /v1/admin/changes.
    Dump {
        #[command(flatten)]
        place: Place,
        /// Only those of this event.
        #[arg(long, value_name = "ID", value_parser = parse_event)]
        event: Option<Slug>,
        /// Only those from this number on.
        #[arg(long, value_name = "SEQ", default_value_t = 0, hide_default_value = true)]
        from: u64,
        /// Only those up to this number.
        #[arg(long, value_name = "SEQ")]
        to: Option<u64>,
    },
    /// Cut off the end of a journal that a start refuses. Says what that costs, and does it only if that is accepted.
    Repair {
        #[command(flatten)]
        place: Place,
        /// Cut the journal at the first frame that a start refuses, and keep the rest in quarantine/.
        #[arg(long, required = true)]
        truncate_tail: bool,
        /// How many changes may be lost: the number that this command says without it.
        #[arg(long, value_name = "N")]
        accept_loss: Option<u64>,
    },
    /// Copy a data directory, whether or not a server uses it, to an empty one, and verify the copy.
    Backup {
        #[command(flatten)]
        place: Place,
        /// The directory to copy to: empty or missing.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Verify a backup, copy it to an empty data directory, and verify that.
    Restore {
        #[command(flatten)]
        place: Place,
        /// The backup.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    // Boxed, because it is far larger than the others.
    Bench(Box<BenchArguments>),
    /// Print the completions for a shell.
    #[command(after_help = COMPLETIONS_AFTER_HELP)]
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page of the program or of a command, or write all of them.
    #[command(after_help = MANUAL_AFTER_HELP)]
    Manual {
        /// The command, such as events set.
        command: Vec<String>,
        /// Write the pages of all commands into this directory instead.
        #[arg(long, value_name = "DIR", conflicts_with = "command")]
        to: Option<PathBuf>,
    },
}

const COMPLETIONS_AFTER_HELP: &str = "\
Examples:
  holdfast completions bash > /etc/bash_completion.d/holdfast
  holdfast completions fish > ~/.config/fish/completions/holdfast.fish";

const MANUAL_AFTER_HELP: &str = "\
Examples:
  holdfast manual events set | man -l -
  holdfast manual --to /usr/local/share/man/man1";

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token, and print it this once: only its hash is kept.
    Add {
        /// Its name, by which the audit trail knows its holder: 1 to 64 of a-z, 0-9 and -, the first one no -.
        #[arg(value_parser = parse_name)]
        name: Slug,
        /// What its holder may do: a viewer reads the admin API, an operator does everything there, a service logs users in.
        #[arg(long, value_enum)]
        role: Role,
        #[command(flatten)]
        place: Place,
    },
    /// Take a token away.
    Remove {
        /// Its name.
        #[arg(value_parser = parse_name)]
        name: Slug,
        #[command(flatten)]
        place: Place,
    },
    /// Print the roles and names of all tokens.
    List {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Make an account, and print its password this once: only a hash is kept.
    Add {
        #[command(flatten)]
        user: AccountUser,
        #[command(flatten)]
        password: AccountPassword,
    },
    /// Remove an account, and end the user's session. Bookings stay.
    Remove {
        #[command(flatten)]
        user: AccountUser,
    },
    /// Give an account another password, and print it this once. The user has to log in again.
    Reset {
        #[command(flatten)]
        user: AccountUser,
        #[command(flatten)]
        password: AccountPassword,
    },
}

#[derive(Debug, Args)]
struct AccountUser {
    /// The user's name.
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct AccountPassword {
    /// Take the first line of standard input as the password, instead of making one and printing it.
    #[arg(long)]
    password_stdin: bool,
}

fn parse_name(text: &str) -> Result<Slug, String> {
    Slug::new(text).ok_or_else(|| "a token's name has 1 to 64 of a-z, 0-9 and -, the first one no -".to_owned())
}

/// The flags of the commands that run no server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
struct Place {
    /// Read the configuration from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory; without, the one of the configuration.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

impl From<Place> for Flags {
    fn from(Place { config, data }: Place) -> Flags {
        Flags { config, data, ..Flags::default() }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run the server.
    Serve,
    /// Run the server with sample events and simulated buyers.
    Demo,
    /// Print the configuration in force.
    PrintConfig,
    /// Do something with the tokens.
    Token(TokenErrand),
    /// Do something with an account.
    Account(AccountErrand),
    /// Do something with the data directory, without a server.
    Offline(Errand),
    /// Ask a running server.
    Operate(OperatorCommand),
    /// Measure how fast a server, or the engine, is.
    Bench(Box<BenchArguments>),
    /// Print what is made of the definition of the command line.
    Manual(ManualErrand),
}

/// The flags, the same for every command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Flags {
    /// Read the configuration from this TOML file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen on this address and port, the same as --set server.listen=ADDR.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Keep journal and snapshots in this directory, the same as --set server.data=DIR.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// A proxy in front speaks TLS to the clients, the same as --set server.behind_proxy=true.
    #[arg(long)]
    behind_proxy: bool,
    /// Set any key of the configuration; may be given several times.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
}

impl CommandLine {
    /// What to do, and the flags of it.
    pub fn into_action(self) -> (Action, Flags) {
        match self.command {
            None => (Action::Serve, self.flags),
            Some(Command::Serve(flags)) => (Action::Serve, flags),
            Some(Command::Demo(flags)) => (Action::Demo, flags),
            Some(Command::Config(flags)) => (Action::PrintConfig, flags),
            Some(Command::Token { command }) => command.into_action(),
            Some(Command::Account { command }) => command.into_action(),
            Some(Command::Verify { place, json }) => offline(Errand::Verify { json }, place),
            Some(Command::Dump { place, event, from, to }) => {
                offline(Errand::Dump(DumpFilter { event, from_seq: from, to_seq: to }), place)
            }
            Some(Command::Repair { place, truncate_tail: _, accept_loss }) => {
                offline(Errand::Repair { accept_loss }, place)
            }
            Some(Command::Backup { place, to, json }) => offline(Errand::Backup { to, json }, place),
            Some(Command::Restore { place, from, json }) => offline(Errand::Restore { from, json }, place),
            Some(Command::Operator(command)) => (Action::Operate(command), Flags::default()),
            Some(Command::Bench(arguments)) => (Action::Bench(arguments), Flags::default()),
            Some(Command::Completions { shell }) => manual(ManualErrand::Completions(shell)),
            Some(Command::Manual { to: Some(directory), .. }) => manual(ManualErrand::Pages(directory)),
            Some(Command::Manual { to: None, command }) => manual(ManualErrand::Page(command)),
        }
    }
}

impl AccountCommand {
    fn into_action(self) -> (Action, Flags) {
        let (AccountUser { name: user, place }, action) = match self {
            AccountCommand::Add { user, password } => (user, AccountAction::Add(password.source())),
            AccountCommand::Remove { user } => (user, AccountAction::Remove),
            AccountCommand::Reset { user, password } => (user, AccountAction::Reset(password.source())),
        };
        (Action::Account(AccountErrand { user, action }), place.into())
    }
}

impl AccountPassword {
    fn source(&self) -> PasswordSource {
        if self.password_stdin { PasswordSource::Input } else { PasswordSource::Made }
    }
}

impl TokenCommand {
    fn into_action(self) -> (Action, Flags) {
        let (errand, place) = match self {
            TokenCommand::Add { name, role, place } => (TokenErrand::Add { name, role }, place),
            TokenCommand::Remove { name, place } => (TokenErrand::Remove { name }, place),
            TokenCommand::List { place } => (TokenErrand::List, place),
        };
        (Action::Token(errand), place.into())
    }
}

fn offline(errand: Errand, place: Place) -> (Action, Flags) {
    (Action::Offline(errand), place.into())
}

fn manual(errand: ManualErrand) -> (Action, Flags) {
    (Action::Manual(errand), Flags::default())
}

impl Flags {
    /// The values set by flags, later ones over earlier ones. A flag of its own goes over the same key in `--set`.
    pub fn overrides(&self) -> Result<Vec<Override>, ConfigError> {
        let mut overrides = self.set.iter().map(|setting| parse_setting(setting)).collect::<Result<Vec<_>, _>>()?;
        let behind_proxy = self.behind_proxy.then(|| "true".to_owned());
        for (flag, key, value) in [
            ("--listen", "listen", &self.listen),
            ("--data", "data", &self.data),
            ("--behind-proxy", "behind_proxy", &behind_proxy),
        ] {
            overrides.extend(value.clone().map(|value| Override {
                flag,
                section: "server".to_owned(),
                key: key.to_owned(),
                value,
            }));
        }
        Ok(overrides)
    }
}

fn parse_setting(setting: &str) -> Result<Override, ConfigError> {
    let parts = setting.split_once('=').and_then(|(path, value)| Some((path.split_once('.')?, value)));
    let Some(((section, key), value)) = parts else {
        let given = format!("--set {setting}");
        return Err(ConfigError::SettingMalformed { given, form: "of the form section.key=value" });
    };
    let [section, key, value] = [section, key, value].map(|part| part.trim().to_owned());
    Ok(Override { flag: "--set", section, key, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> (Action, Flags) {
        let arguments = std::iter::once("holdfast").chain(arguments.iter().copied());
        CommandLine::try_parse_from(arguments).expect("legal arguments").into_action()
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve_and_takes_the_same_flags() {
        let flags = ["--config", "a.toml", "--listen", "[::1]:9", "--data", "d", "--set", "log.level=debug"];
        let with_serve: Vec<&str> = std::iter::once("serve").chain(flags).collect();
        assert_eq!(parse(&[]), (Action::Serve, Flags::default()));
        assert_eq!(parse(&flags), parse(&with_serve));
        assert_eq!(parse(&flags).1.config, Some(PathBuf::from("a.toml")));
    }

    #[test]
    fn each_command_has_its_action() {
        assert_eq!(parse(&["serve"]).0, Action::Serve);
        assert_eq!(parse(&["demo"]).0, Action::Demo);
        assert_eq!(parse(&["config"]).0, Action::PrintConfig);
        let verify = parse(&["verify", "--data", "d", "--config", "a.toml", "--json"]);
        assert_eq!(verify.0, Action::Offline(Errand::Verify { json: true }));
        assert_eq!(verify.1, parse(&["--data", "d", "--config", "a.toml"]).1);
        let filter = DumpFilter { event: Slug::new("gala"), from_seq: 3, to_seq: Some(9) };
        let dump = parse(&["dump", "--event", "gala", "--from", "3", "--to", "9"]);
        assert_eq!(dump, (Action::Offline(Errand::Dump(filter)), Flags::default()));
        let repair = |accept_loss| Action::Offline(Errand::Repair { accept_loss });
        assert_eq!(parse(&["repair", "--truncate-tail"]).0, repair(None));
        assert_eq!(parse(&["repair", "--truncate-tail", "--accept-loss", "7"]).0, repair(Some(7)));
        let backup = Errand::Backup { to: PathBuf::from("b"), json: false };
        assert_eq!(parse(&["backup", "--to", "b"]).0, Action::Offline(backup));
        let restore = Errand::Restore { from: PathBuf::from("b"), json: true };
        assert_eq!(parse(&["restore", "--from", "b", "--json"]).0, Action::Offline(restore));
    }

    #[test]
    fn what_asks_a_running_server_takes_no_flags_of_the_server() {
        let (action, flags) = parse(&["events", "list", "--config", "a.toml", "--json"]);
        assert!(matches!(action, Action::Operate(OperatorCommand::Events { .. })), "{action:?}");
        assert_eq!(flags, Flags::default());
        assert_eq!(parse(&["events", "--json", "list", "--config", "a.toml"]).0, action, "flags may come before");
        let completions = parse(&["completions", "fish"]).0;
        assert_eq!(completions, Action::Manual(ManualErrand::Completions(Shell::Fish)));
        let (bench, flags) = parse(&["bench", "--connections", "8", "--set", "log.level=off"]);
        assert!(matches!(bench, Action::Bench(arguments) if arguments.connections == 8), "a load generator of its own");
        assert_eq!(flags, Flags::default(), "its --set is for the server that it starts");
        let page = ["events", "set"].map(str::to_owned).to_vec();
        assert_eq!(parse(&["manual", "events", "set"]).0, Action::Manual(ManualErrand::Page(page)));
        let pages = ManualErrand::Pages(PathBuf::from("d"));
        assert_eq!(parse(&["manual", "--to", "d"]).0, Action::Manual(pages));
    }

    #[test]
    fn tokens_are_added_removed_and_listed() {
        let name = || Slug::new("ops").expect("a slug");
        for (text, role) in [("viewer", Role::Viewer), ("operator", Role::Operator), ("service", Role::Service)] {
            let add = parse(&["token", "add", "ops", "--role", text, "--data", "d", "--config", "a.toml"]);
            assert_eq!(add.0, Action::Token(TokenErrand::Add { name: name(), role }));
            assert_eq!(add.1, parse(&["--data", "d", "--config", "a.toml"]).1);
        }
        assert_eq!(parse(&["token", "remove", "ops"]).0, Action::Token(TokenErrand::Remove { name: name() }));
        assert_eq!(parse(&["token", "list"]).0, Action::Token(TokenErrand::List));
    }

    #[test]
    fn accounts_are_added_removed_and_reset() {
        let errand = |action| Action::Account(AccountErrand { user: "ann".to_owned(), action });
        let add = parse(&["account", "add", "ann", "--data", "d", "--config", "a.toml"]);
        assert_eq!(add.0, errand(AccountAction::Add(PasswordSource::Made)));
        assert_eq!(add.1, parse(&["--data", "d", "--config", "a.toml"]).1);
        let reset = parse(&["account", "reset", "ann", "--password-stdin"]);
        assert_eq!(reset.0, errand(AccountAction::Reset(PasswordSource::Input)));
        assert_eq!(parse(&["account", "remove", "ann"]).0, errand(AccountAction::Remove));
    }

    #[test]
    fn an_offline_command_that_lacks_something_is_refused() {
        for lacking in
            [&["repair"][..], &["backup"], &["restore"], &["dump", "--event", "No"], &["verify", "--listen", "x"]]
        {
            let arguments = std::iter::once("holdfast").chain(lacking.iter().copied());
            assert!(CommandLine::try_parse_from(arguments).is_err(), "{lacking:?}");
        }
    }

    #[test]
    fn flags_before_a_command_are_refused_instead_of_ignored() {
        assert!(CommandLine::try_parse_from(["holdfast", "--data", "d", "serve"]).is_err());
        assert!(CommandLine::try_parse_from(["holdfast", "sell"]).is_err());
        assert!(CommandLine::try_parse_from(["holdfast", "--lisen", "127.0.0.1:1"]).is_err());
    }

    #[test]
    fn settings_come_before_the_flags_of_their_own() {
        let (_, flags) = parse(&["--listen", "127.0.0.1:1", "--set", "server.listen=127.0.0.1:2", "--set", "a.b=c=d"]);
        let overrides = flags.overrides().expect("well-formed");
        let rows: Vec<[&str; 4]> =
            overrides.iter().map(|given| [given.flag, &given.section, &given.key, &given.value]).collect();
        assert_eq!(
            rows,
            [
                ["--set", "server", "listen", "127.0.0.1:2"],
                ["--set", "a", "b", "c=d"],
                ["--listen", "server", "listen", "127.0.0.1:1"],
            ]
        );
    }

    #[test]
    fn a_setting_that_is_not_section_key_and_value_is_refused() {
        for setting in ["limits.enabled", "enabled=true", "", "="] {
            let (_, flags) = parse(&["--set", setting]);
            assert_eq!(
                flags.overrides().expect_err(setting).to_string(),
                format!("--set {setting} cannot be used: it must be of the form section.key=value")
            );
        }
    }
}
