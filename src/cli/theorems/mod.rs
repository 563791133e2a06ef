//! The commands that need the ledger: what is checked, and what others check with it.

mod audit;
mod conform;
mod phenomenon;
mod reference;
mod schema;
mod statements;

use crate::cli::BadInput;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Command {
    Audit(audit::Audit),
    Phenomenon(phenomenon::Phenomenon),
    Reference(reference::Reference),
    Conform(conform::Conform),
    Statements(statements::Statements),
    Schema(schema::Schema),
}

impl Command {
    pub fn run(self) -> Result<u8, BadInput> {
        match self {
            Self::Audit(audit) => audit.run(),
            Self::Phenomenon(phenomenon) => phenomenon.run(),
            Self::Reference(reference) => reference.run(),
            Self::Conform(conform) => conform.run(),
            Self::Statements(statements) => statements.run(),
            Self::Schema(schema) => schema.run(),
        }
    }
}
