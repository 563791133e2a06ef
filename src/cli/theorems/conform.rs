//! `noise-equilibrium conform`.

use super::reference::families;
use crate::cli::output::{self, DASH};
use crate::cli::{BadInput, FAILED, HELD, read_text, table, write_text};
use clap::Args;
use noise_equilibrium::reference::{Conformance, Judged, Results, conform};
use std::path::{Path, PathBuf};

/// Hold another implementation's answers against the reference values, the worst first
#[derive(Args)]
pub struct Conform {
    /// A results-1 file (see docs/format.md), or - for standard input
    results: PathBuf,
    /// Folder of the reference values; those of this version if left out
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Exit with 1 if a number is farther off than this, in units in the last place
    #[arg(long, value_parser = bound, allow_negative_numbers = true)]
    max_ulps: Option<f64>,
}

fn bound(text: &str) -> Result<f64, String> {
    let bound = text
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite() && *x >= 0.0);
    bound.ok_or_else(|| "expected a number that is not negative".to_owned())
}

impl Conform {
    pub fn run(&self) -> Result<u8, BadInput> {
        let table = ("the table", Path::new(DASH));
        output::check(&[("the results", &self.results)], &[table])?;
        let results = Results::read(&read_text(&self.results)?)
            .map_err(|error| BadInput::at(&self.results, error))?;
        let families = families(self.reference.as_deref())?;
        let entries: Vec<_> = families
            .into_iter()
            .flat_map(|family| family.entries)
            .collect();
        let conformance =
            conform(&results, &entries).map_err(|error| BadInput::at(&self.results, error))?;
        write_text(None, &page(&results, &conformance, self.max_ulps))?;
        // A bound on no number at all holds nothing.
        let beyond = self
            .max_ulps
            .is_some_and(|bound| conformance.worst_ulps() > bound || conformance.compared() == 0);
        let held = conformance.wrong() == 0 && !conformance.judged.is_empty() && !beyond;
        Ok(if held { HELD } else { FAILED })
    }
}

fn page(results: &Results, conformance: &Conformance, bound: Option<f64>) -> String {
    let mut table = table();
    table.set_header([
        "problem",
        "status",
        "worst",
        "error in ulps",
        "digits",
        "left out",
    ]);
    for own in &conformance.judged {
        table.add_row(row(own));
    }
    let judged = &conformance.judged;
    let numbers = conformance.compared();
    let within = |ulps: f64| {
        let rows = judged.iter().filter_map(|own| own.worst.as_ref());
        rows.filter(|worst| worst.deviation.ulps <= ulps).count()
    };
    let with_numbers = judged.iter().filter(|own| own.worst.is_some()).count();
    let name = results.implementation.as_deref().unwrap_or("these results");
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let mut page = format!(
        "{table}\n{name}: {} problems answered, {} not; {numbers} numbers compared\n",
        judged.len(),
        conformance.unanswered
    );
    page += &format!(
        "all numbers compared within ½ ulp in {} of {with_numbers} problems, within 4 in {}, within 1000 in {}\n",
        within(0.5),
        within(4.0),
        within(1000.0)
    );
    page += &format!(
        "wrong status: {}; worst error: {}",
        conformance.wrong(),
        ulps(conformance.worst_ulps())
    );
    page += &match bound {
        _ if judged.is_empty() => "; NO PROBLEM IS ANSWERED".to_owned(),
        Some(_) if numbers == 0 => "; NO NUMBER IS COMPARED".to_owned(),
        Some(bound) if conformance.worst_ulps() > bound => {
            format!(", more than the {bound} allowed")
        }
        Some(bound) => format!(", within the {bound} allowed"),
        None => String::new(),
    };
    page + "\n"
}

fn ulps(x: f64) -> String {
    if x < 1e4 {
        format!("{x:.2}")
    } else {
        format!("{x:.1e}")
    }
}

fn row(own: &Judged) -> [String; 6] {
    let status = match &own.wrong_status {
        Some(wrong) => format!("{} WRONG: {wrong}", own.status),
        None => own.status.clone(),
    };
    let [place, error, digits] = match &own.worst {
        None => [const { String::new() }; 3],
        Some(worst) => [
            worst.place.clone(),
            ulps(worst.deviation.ulps),
            if worst.deviation.digits.is_infinite() {
                "exact".to_owned()
            } else {
                format!("{:.1}", worst.deviation.digits)
            },
        ],
    };
    let left_out = own.left_out.join(", ");
    [own.id.clone(), status, place, error, digits, left_out]
}
