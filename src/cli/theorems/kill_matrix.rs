//! `noise-equilibrium kill-matrix`, in builds with the feature `sabotage`.

use crate::cli::{BadInput, FAILED, HELD, write_text};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::audit::{DEFAULT_SEED, all_killed, kill_markdown, kill_matrix};

/// Make mistakes in the code, one at a time, and list the checks that notice
#[derive(Args)]
pub struct KillMatrix {
    /// Cases of each check
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=1000))]
    cases: u64,
    /// Seed of every case
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
}

impl KillMatrix {
    pub fn run(&self) -> Result<u8, BadInput> {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} mistakes, {eta} left")
        {
            bar.set_style(style);
        }
        let matrix = kill_matrix(self.cases, self.seed, |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        write_text(None, &kill_markdown(&matrix))?;
        Ok(if all_killed(&matrix) { HELD } else { FAILED })
    }
}
