//! `noise-equilibrium statements`.

use crate::cli::{BadInput, HELD, write_text};
use clap::Args;
use noise_equilibrium::theorem::ledger_markdown;

/// Print the ledger: identifier, claim, evidence and negative controls
#[derive(Args)]
pub struct Statements {}

impl Statements {
    pub fn run(&self) -> Result<u8, BadInput> {
        write_text(None, &ledger_markdown())?;
        Ok(HELD)
    }
}
