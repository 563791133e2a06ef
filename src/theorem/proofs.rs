//! The machine-checked theorems behind a statement, from the table in proofs/README.md,
//! which `make proofs` holds against what Coq says.

/// A theorem that Coq has checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The statement's identifier.
    pub statement: &'static str,
    /// Its file, from proofs/.
    pub file: &'static str,
    /// Its name.
    pub theorem: &'static str,
}

const TABLE: &str = include_str!("../../proofs/README.md");

/// All rows of the table, in its order.
pub fn proofs() -> impl Iterator<Item = Proof> {
    TABLE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let statement = cells.next()?;
        let mut name = || cells.next()?.strip_prefix('`')?.strip_suffix('`');
        let (file, theorem) = (name()?, name()?);
        file.ends_with(".v").then_some(Proof {
            statement,
            file,
            theorem,
        })
    })
}
