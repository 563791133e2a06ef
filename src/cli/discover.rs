//! `noise-equilibrium discover`.

use super::output::{self, DASH, Place};
use super::solve::digits;
use super::{BadInput, FAILED, HELD, complain, read_text, table, warn};
use clap::Args;
use noise_equilibrium::discovery::{
    Ansatz, Discovery, EquilibriumError, Examined, Formula, Kind, LossFile, Posed, Proof, Rank,
    Rate, Symmetry, discover, equilibrium, names, read_loss,
};
use noise_equilibrium::problem::SolutionFile;
use noise_equilibrium::scalar::Rational;
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Find the symmetries of a loss: all J = Bθ + b along which it does not change
#[derive(Args)]
pub struct Discover {
    /// A loss-1 file (see docs/format.md), or - for standard input; with --parameters the
    /// formula itself, as '(u*w*x - y)^2'
    loss: String,
    /// The names of the parameters of the formula: u,w or w[1..60]
    #[arg(long, value_name = "NAMES")]
    parameters: Option<String>,
    /// The names of the data of the formula
    #[arg(long, value_name = "NAMES", requires = "parameters")]
    data: Option<String>,
    /// Look for symmetric generators alone, J = Aθ
    #[arg(long, conflicts_with = "diagonal")]
    symmetric: bool,
    /// Look for diagonal generators alone
    #[arg(long)]
    diagonal: bool,
    /// Look at the samples of the file alone, not at all data that there may be
    #[arg(long, conflicts_with = "parameters")]
    samples: bool,
    /// The seed of the points at which the loss is looked at
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Go on to the equilibrium, with the theta, samples and strength of the file
    #[arg(long, conflicts_with = "parameters")]
    solve: bool,
    /// Decimal digits of the equilibrium, 1 to 100000
    #[arg(long, default_value_t = 50, allow_negative_numbers = true, value_parser = digits)]
    digits: u32,
    /// Write discovery-1 (see docs/format.md) instead of a table
    #[arg(long)]
    json: bool,
    /// Write to a file instead of standard output (-)
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Discover {
    pub fn run(&self) -> Result<u8, BadInput> {
        self.check_places()?;
        let file = self.read()?;
        let bad = |error: &dyn std::fmt::Display| self.bad(error);
        let mut examined = Examined::formula(&file.formula);
        if self.samples {
            let samples = file.samples.clone();
            let samples = samples.ok_or_else(|| self.bad("samples: missing, for --samples"))?;
            examined = examined.on_samples(samples).map_err(|e| bad(&e))?;
        }
        let ansatz = match (self.symmetric, self.diagonal) {
            (true, _) => Ansatz::Symmetric,
            (_, true) => Ansatz::Diagonal,
            _ => Ansatz::Affine,
        };
        // What is missing is said before anything is computed.
        let data = if self.solve {
            let missing = |field: &str| self.bad(format!("{field}: missing, for --solve"));
            let theta = file.theta.as_deref().ok_or_else(|| missing("theta"))?;
            let samples = file.samples.as_deref().ok_or_else(|| missing("samples"))?;
            let strength = file.strength.clone();
            Some((theta, samples, strength.ok_or_else(|| missing("strength"))?))
        } else {
            None
        };
        let found = discover(&examined, ansatz, self.seed).map_err(|e| bad(&e))?;
        let mut code = HELD;
        let mut solution = None;
        if let Some((theta, samples, strength)) = data {
            // Room for what cancels.
            let bits = 256 + 4 * self.digits;
            match equilibrium(&found, &examined, theta, samples, strength, bits) {
                Ok(posed) => {
                    let solved = posed.problem.solve(self.digits).map_err(|e| bad(&e))?;
                    if let Some(warning) = posed.problem.warning() {
                        warn(Path::new(self.place()), &warning);
                    }
                    solution = Some((posed, solved.to_file()));
                }
                Err(error @ EquilibriumError::NoFamily) => {
                    complain(&format!("{}: {error}", self.place()));
                    code = FAILED;
                }
                Err(error) => return Err(bad(&error)),
            }
        }
        let text = if self.json {
            json(&found, &file.formula, solution)?
        } else {
            text(&found, &file.formula, solution)?
        };
        super::write_text(self.out.as_ref(), &text)?;
        Ok(code)
    }

    /// What a message calls the input.
    fn place(&self) -> &str {
        match (&self.parameters, self.loss.as_str()) {
            (Some(_), _) => "the formula",
            (None, DASH) => "standard input",
            (None, path) => path,
        }
    }

    fn bad(&self, error: impl std::fmt::Display) -> BadInput {
        BadInput(format!("{}: {error}", self.place()))
    }

    fn read(&self) -> Result<LossFile, BadInput> {
        let Some(parameters) = &self.parameters else {
            let text = read_text(Path::new(&self.loss))?;
            return read_loss(&text).map_err(|error| self.bad(error));
        };
        let parameters = split(parameters);
        let data = self.data.as_deref().map_or(Vec::new(), split);
        let listed = |option: &str, list: &[String]| {
            names(list).map_err(|error| BadInput(format!("{option}: {error}")))
        };
        let parameters = listed("--parameters", &parameters)?;
        let data = listed("--data", &data)?;
        listed("--data", &[parameters.clone(), data.clone()].concat())?;
        let formula = Formula::parse(&self.loss, &parameters, &data);
        Ok(LossFile {
            formula: formula.map_err(|error| self.bad(error))?,
            samples: None,
            theta: None,
            strength: None,
        })
    }

    fn check_places(&self) -> Result<(), BadInput> {
        let input = (self.parameters.is_none()).then(|| Path::new(&self.loss));
        let inputs: Vec<Place<'_>> = input.into_iter().map(|path| ("the loss", path)).collect();
        let out = self.out.as_deref().unwrap_or(Path::new(DASH));
        let what = if self.out.is_some() {
            "--out"
        } else {
            "the result"
        };
        output::check(&inputs, &[(what, out)])
    }
}

/// The names of a list, at the commas outside of brackets.
fn split(text: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![String::new()];
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        match (c, names.last_mut()) {
            (',', _) if depth <= 0 => names.push(String::new()),
            (_, Some(name)) => name.push(c),
            (_, None) => {}
        }
    }
    names
}

fn count(n: usize, noun: &str) -> String {
    let plural = match (n, noun.strip_suffix('y')) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{noun}s"),
    };
    format!("{n} {plural}")
}

fn named(names: &[String], indices: &[usize]) -> String {
    let list: Vec<&str> = indices.iter().map(|&i| names[i].as_str()).collect();
    list.join(", ")
}

/// The symmetries for a reader.
fn text(
    found: &Discovery,
    formula: &Formula,
    solution: Option<(Posed, SolutionFile)>,
) -> Result<String, BadInput> {
    let names = formula.parameters();
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let searched = match found.ansatz {
        Ansatz::Affine => "J = Bθ + b",
        Ansatz::Symmetric => "J = Aθ, A symmetric",
        Ansatz::Diagonal => "J = Aθ, A diagonal",
    };
    line(format!(
        "{} of {}: {searched} ({})",
        match found.symmetries.len() + found.irrational {
            0 => "no symmetry".to_owned(),
            n => count(n, "symmetry"),
        },
        count(names.len(), "parameter"),
        count(found.unknowns, "unknown"),
    ));
    let absent = formula.absent();
    if !absent.is_empty() {
        line(format!(
            "do not occur in the loss: {}",
            named(names, &absent)
        ));
    }
    let idle: Vec<usize> = found
        .idle
        .iter()
        .copied()
        .filter(|i| !absent.contains(i))
        .collect();
    if !idle.is_empty() {
        line(format!(
            "without an influence on the loss: {}",
            named(names, &idle)
        ));
    }
    if !found.idle.is_empty() {
        line("any motion of these is a symmetry; they are left out below".to_owned());
    }
    if !found.symmetries.is_empty() {
        let mut table = table();
        table.set_header(["", "kind", "rates", "charge"]);
        for (k, symmetry) in found.symmetries.iter().enumerate() {
            let charge = match symmetry.charge() {
                Some(charge) => charge.formula(names),
                None => format!("none: {}", motion(symmetry, names)),
            };
            table.add_row([
                (k + 1).to_string(),
                kind(symmetry, names),
                rates(symmetry),
                charge,
            ]);
        }
        line(table.to_string());
    }
    if found.family > 1 {
        line(format!(
            "commute, and nothing else with all of them: 1 to {}",
            found.family
        ));
    }
    if !found.not_commuting.is_empty() {
        let shown: Vec<String> = found
            .not_commuting
            .iter()
            .take(SHOWN)
            .map(|(i, j)| format!("{} and {}", i + 1, j + 1))
            .collect();
        let more = found.not_commuting.len() - shown.len();
        let more = if more > 0 {
            format!(" ({more} more)")
        } else {
            String::new()
        };
        line(format!("do not commute: {}{more}", shown.join(", ")));
    }
    for group in &found.groups {
        let rank = group.rank();
        let (n, m) = (group.up[0].len(), group.down[0].len());
        line(format!("GL({rank}): U → UP, W → P⁻¹W"));
        for a in 0..n {
            let row: Vec<usize> = group.up.iter().map(|column| column[a]).collect();
            line(format!(
                "    {} {}",
                if a == 0 { "U" } else { " " },
                named(names, &row)
            ));
        }
        if m > 0 {
            for (b, row) in group.down.iter().enumerate() {
                line(format!(
                    "    {} {}",
                    if b == 0 { "W" } else { " " },
                    named(names, row)
                ));
            }
        }
    }
    line(format!("independent conservation laws: {}", found.laws));
    if found.irrational > 0 {
        line(format!(
            "not listed: {} with irrational entries",
            count(found.irrational, "symmetry")
        ));
    }
    line(proof(found));
    if let Some((posed, solution)) = solution {
        if posed.order.iter().enumerate().any(|(k, &i)| k != i) {
            line(format!("theta below is: {}", named(names, &posed.order)));
        }
        if !posed.exact {
            line("the gradients are rounded, to more digits than the solution has".to_owned());
        }
        line(serde_json::to_string_pretty(&solution).map_err(|e| BadInput(e.to_string()))?);
    }
    Ok(text)
}

/// Pairs that are named one by one.
const SHOWN: usize = 12;

fn kind(symmetry: &Symmetry, names: &[String]) -> String {
    let Kind::Exponential {
        rescales, centre, ..
    } = &symmetry.kind
    else {
        return symmetry.kind.name().to_owned();
    };
    let mut text = "exponential".to_owned();
    text += match rescales {
        Some(true) => ", rescales",
        Some(false) => ", scales",
        None => "",
    };
    if !centre.is_empty() {
        let entries: Vec<String> = centre
            .iter()
            .map(|(i, x)| format!("{} = {x}", names[*i]))
            .collect();
        let _ = write!(text, ", about {}", entries.join(", "));
    }
    text
}

fn rates(symmetry: &Symmetry) -> String {
    let Kind::Exponential { rates, .. } = &symmetry.kind else {
        return String::new();
    };
    let one = |rate: &Rate| match rate.multiplicity {
        1 => rate.text(),
        n => format!("{} ({n}×)", rate.text()),
    };
    rates.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// θ̇ = J, a parameter after the other.
fn motion(symmetry: &Symmetry, names: &[String]) -> String {
    let mut rows: Vec<(usize, String)> = Vec::new();
    let mut add = |i: usize, factor: &Rational, name: &str| {
        if rows.last().is_none_or(|(own, _)| *own != i) {
            rows.push((i, String::new()));
        }
        if let Some((_, row)) = rows.last_mut() {
            let sign = match (row.is_empty(), *factor < 0) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            };
            let size = Rational::from(factor.abs_ref());
            let _ = match (size == 1, name) {
                (_, "") => write!(row, "{sign}{size}"),
                (true, _) => write!(row, "{sign}{name}"),
                (false, _) => write!(row, "{sign}{size}*{name}"),
            };
        }
    };
    let mut entries: Vec<(usize, usize, &Rational)> = Vec::new();
    entries.extend(symmetry.matrix.iter().map(|(i, j, x)| (*i, *j, x)));
    entries.extend(symmetry.offset.iter().map(|(i, x)| (*i, usize::MAX, x)));
    entries.sort_by_key(|(i, j, _)| (*i, *j));
    for (i, j, x) in entries {
        add(i, x, names.get(j).map_or("", String::as_str));
    }
    let rows = rows.into_iter();
    let rows: Vec<String> = rows
        .map(|(i, row)| format!("{}' = {row}", names[i]))
        .collect();
    rows.join(", ")
}

fn proof(found: &Discovery) -> String {
    let nothing = found.symmetries.is_empty() && found.idle.is_empty();
    if nothing && found.irrational == 0 {
        return match &found.proof {
            Proof::Digits { rank, by, .. } => {
                format!("certain: there is none (rank {rank}, {})", how(by))
            }
            _ => "certain: there is none".to_owned(),
        };
    }
    match &found.proof {
        Proof::Polynomial {
            degree,
            checks,
            error,
        } => format!(
            "certain: there are no others. Each of these was verified exactly at {}: degree {degree}, whole numbers of 32 bits, probability of an error below 10^{:.0}",
            count(*checks, "random point"),
            error.ceil(),
        ),
        Proof::Pieces { pieces, checks } => format!(
            "certain: there are no others. Each of these was verified exactly at {}, in the {} that were met",
            count(*checks, "random point"),
            count(*pieces, "smooth piece"),
        ),
        Proof::Digits {
            rank,
            by,
            zero,
            checks,
            ..
        } => format!(
            "certain: there are no others (rank at least {rank}, {}). Each of these held to {zero} bits at {}",
            how(by),
            count(*checks, "random point"),
        ),
    }
}

fn how(rank: &Rank) -> String {
    match rank {
        Rank::Inverse { defect } => {
            format!("by an approximate inverse of enclosed equations, off by at most {defect:.0e}")
        }
        Rank::Pivots { bits, gap } => {
            format!("by balls of {bits} bits, {gap} bits above what counts as 0")
        }
    }
}

#[derive(Serialize)]
struct File<'a> {
    format: &'static str,
    ansatz: &'static str,
    parameters: &'a [String],
    unknowns: usize,
    absent: Vec<&'a str>,
    idle: Vec<&'a str>,
    symmetries: Vec<SymmetryFile<'a>>,
    commuting_family: Vec<usize>,
    not_commuting: &'a [(usize, usize)],
    groups: Vec<GroupFile<'a>>,
    conservation_laws: usize,
    irrational: usize,
    proof: ProofFile,
    #[serde(skip_serializing_if = "Option::is_none")]
    equilibrium: Option<EquilibriumFile<'a>>,
}

#[derive(Serialize)]
struct SymmetryFile<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    matrix: Vec<(&'a str, &'a str, String)>,
    offset: Vec<(&'a str, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rates: Vec<RateFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    centre: Vec<(&'a str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<String>,
}

#[derive(Serialize)]
struct RateFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<String>,
    multiplicity: usize,
}

#[derive(Serialize)]
struct GroupFile<'a> {
    kind: &'static str,
    rank: usize,
    up: Vec<Vec<&'a str>>,
    down: Vec<Vec<&'a str>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ProofFile {
    Polynomial {
        degree: u64,
        points: usize,
        log10_error: f64,
    },
    Pieces {
        pieces: usize,
        points: usize,
    },
    Digits {
        rank: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        inverse_defect: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pivot_bits: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        gap_bits: Option<i64>,
        zero_bits: u32,
        points: usize,
        pieces: usize,
    },
}

#[derive(Serialize)]
struct EquilibriumFile<'a> {
    order: Vec<&'a str>,
    exact_gradients: bool,
    solution: SolutionFile,
}

fn json(
    found: &Discovery,
    formula: &Formula,
    solution: Option<(Posed, SolutionFile)>,
) -> Result<String, BadInput> {
    let names = formula.parameters();
    let name = |i: usize| names[i].as_str();
    let list = |indices: &[usize]| indices.iter().map(|&i| name(i)).collect::<Vec<_>>();
    let symmetry = |symmetry: &Symmetry| {
        let (mut rates, mut centre, mut class) = (Vec::new(), Vec::new(), None);
        let pairs = |entries: &[(usize, Rational)]| {
            let entries = entries.iter();
            entries.map(|(i, x)| (name(*i), x.to_string())).collect()
        };
        if let Kind::Exponential {
            rates: own,
            rescales,
            centre: c,
        } = &symmetry.kind
        {
            centre = pairs(c);
            class = rescales.map(|rescales| if rescales { "rescaling" } else { "scaling" });
            rates = own.iter().map(rate_file).collect();
        }
        let matrix = symmetry.matrix.iter();
        SymmetryFile {
            kind: symmetry.kind.name(),
            class,
            matrix: matrix
                .map(|(i, j, x)| (name(*i), name(*j), x.to_string()))
                .collect(),
            offset: pairs(&symmetry.offset),
            rates,
            centre,
            charge: symmetry.charge().map(|charge| charge.formula(names)),
        }
    };
    let file = File {
        format: "noise-equilibrium/discovery-1",
        ansatz: match found.ansatz {
            Ansatz::Affine => "affine",
            Ansatz::Symmetric => "symmetric",
            Ansatz::Diagonal => "diagonal",
        },
        parameters: names,
        unknowns: found.unknowns,
        absent: list(&formula.absent()),
        idle: list(&found.idle),
        symmetries: found.symmetries.iter().map(symmetry).collect(),
        commuting_family: (0..found.family).collect(),
        not_commuting: &found.not_commuting,
        groups: found
            .groups
            .iter()
            .map(|group| GroupFile {
                kind: "general-linear",
                rank: group.rank(),
                up: group.up.iter().map(|column| list(column)).collect(),
                down: group.down.iter().map(|row| list(row)).collect(),
            })
            .collect(),
        conservation_laws: found.laws,
        irrational: found.irrational,
        proof: proof_file(&found.proof),
        equilibrium: solution.map(|(posed, solution)| EquilibriumFile {
            order: list(&posed.order),
            exact_gradients: posed.exact,
            solution,
        }),
    };
    let mut text = serde_json::to_string_pretty(&file).map_err(|e| BadInput(e.to_string()))?;
    text.push('\n');
    Ok(text)
}

fn rate_file(rate: &Rate) -> RateFile {
    let exact = rate.exact.as_ref().map(Rational::to_string);
    let bounds = match exact {
        Some(_) => None,
        None => rate.enclosure.to_decimal(20),
    };
    let (lower, upper) = bounds.unzip();
    RateFile {
        exact,
        lower,
        upper,
        multiplicity: rate.multiplicity,
    }
}

fn proof_file(proof: &Proof) -> ProofFile {
    match proof {
        Proof::Polynomial {
            degree,
            checks,
            error,
        } => ProofFile::Polynomial {
            degree: *degree,
            points: *checks,
            log10_error: *error,
        },
        Proof::Pieces { pieces, checks } => ProofFile::Pieces {
            pieces: *pieces,
            points: *checks,
        },
        Proof::Digits {
            rank,
            by,
            zero,
            checks,
            pieces,
        } => {
            let (inverse_defect, pivot_bits, gap_bits) = match by {
                Rank::Inverse { defect } => (Some(*defect), None, None),
                Rank::Pivots { bits, gap } => (None, Some(*bits), Some(*gap)),
            };
            ProofFile::Digits {
                rank: *rank,
                inverse_defect,
                pivot_bits,
                gap_bits,
                zero_bits: *zero,
                points: *checks,
                pieces: *pieces,
            }
        }
    }
}
