//! `noise-equilibrium schema`.

use crate::cli::{BadInput, HELD, write_text};
use clap::Args;

/// Print the JSON schema of audit.json; docs/schema/audit.json is this text
#[derive(Args)]
pub struct Schema {}

impl Schema {
    pub fn run(&self) -> Result<u8, BadInput> {
        // A map of strings, lists and maps: this cannot fail.
        let mut text =
            serde_json::to_string_pretty(&noise_equilibrium::audit::schema()).unwrap_or_default();
        text.push('\n');
        write_text(None, &text)?;
        Ok(HELD)
    }
}
