//! Reading network-1: which tensors share an inner dimension.

use super::precision::Precision;
use crate::balance::Strength;
use crate::problem::ProblemError;
use crate::problem::read::{List, StrengthFile, Table, Whole, invalid, json, present, shorten};
use crate::scalar::Rational;
use serde::Deserialize;
use thiserror::Error;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/network-1";

/// Why a network is refused. The text says where and what would be right.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ArchitectureError {
    /// The file's contents.
    #[error("{0}")]
    File(#[from] ProblemError),
    /// The wrong format, or none.
    #[error("format: expected \"{FORMAT}\", found {0}")]
    Format(String),
}

/// γ and σ², and what may be moved without changing the function.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// γ and σ².
    pub strength: Strength<Rational>,
    /// How weights are stored.
    pub layout: Layout,
    /// In which precision the gradients were computed, if coarser than their type says.
    pub gradients_dtype: Option<Precision>,
    /// The pairs of adjacent maps, in the order of the file.
    pub links: Vec<Link>,
}

/// How weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Output first, then input, then a kernel's window: PyTorch.
    OutIn,
    /// Input and output last: JAX and flax, GPT-2's Conv1D.
    InOut,
}

/// What a pair of maps may be moved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// U → UP, W → P⁻¹W for every invertible P (T17).
    Linear,
    /// One rescaling for each hidden unit (C1).
    Relu,
    /// The scores of attention heads, as [`Kind::Linear`].
    QueryKey,
    /// The values of attention heads, as [`Kind::Linear`].
    ValueOutput,
}

impl Kind {
    /// The kind's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::QueryKey => "query-key",
            Self::ValueOutput => "value-output",
        }
    }
}

/// Two adjacent maps; in each head, `up` takes P and `down` takes P⁻¹.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What reports call it.
    pub name: String,
    /// What it may be moved by.
    pub kind: Kind,
    /// Into how many equal parts the inner dimension falls; 1 without heads.
    pub heads: usize,
    /// At how many positions of a sample (windows, tokens, points) the layers are used: a
    /// sample's gradient is a sum over so many.
    pub positions: usize,
    /// The tensors that take P: those behind the hidden units, or the queries.
    pub up: Vec<Port>,
    /// The tensors that take P⁻¹.
    pub down: Vec<Port>,
}

/// A tensor with the axis that is the inner dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Where the file names it, `pairs[0].up`.
    pub field: String,
    /// The tensor's name.
    pub tensor: String,
    /// The axis.
    pub axis: Axis,
}

/// An axis of a tensor by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// A weight's inputs.
    Input,
    /// A weight's outputs.
    Output,
    /// The only axis of a bias.
    Bias,
}

/// Reads a network-1 text, as strictly as a problem.
///
/// # Errors
/// [`ArchitectureError`] with the path of the field and what would be right.
pub fn read_architecture(text: &str) -> Result<Architecture, ArchitectureError> {
    // The format first: the fields of another format would only confuse.
    let header: Table<Header> = match json(text) {
        Ok(header) => header,
        Err(error) => {
            return Err(json::<Table<ArchitectureFile>>(text)
                .err()
                .unwrap_or(error)
                .into());
        }
    };
    match header.0.format {
        Some(format) if format == FORMAT => {}
        Some(format) => {
            return Err(ArchitectureError::Format(format!(
                "\"{}\"",
                shorten(&format)
            )));
        }
        None => return Err(ArchitectureError::Format("none".to_owned())),
    }
    let Table(file) = json::<Table<ArchitectureFile>>(text)?;
    let strength = file.strength.ok_or_else(|| invalid("strength: missing"))?;
    let layout = match file.layout.as_deref() {
        None | Some("out-in") => Layout::OutIn,
        Some("in-out") => Layout::InOut,
        Some(other) => {
            return Err(invalid(format!(
                "layout: expected out-in (PyTorch) or in-out (JAX), found \"{}\"",
                shorten(other)
            ))
            .into());
        }
    };
    let gradients_dtype = file.gradients_dtype.as_deref().map(precision).transpose()?;
    let pairs = file.pairs.ok_or_else(|| invalid("pairs: missing"))?.0;
    if pairs.is_empty() {
        return Err(invalid("pairs: expected at least one, found none").into());
    }
    let mut links = Vec::new();
    for (i, Table(pair)) in pairs.into_iter().enumerate() {
        links.extend(pair.links(&format!("pairs[{i}]"))?);
    }
    Ok(Architecture {
        strength: strength.0.check()?,
        layout,
        gradients_dtype,
        links,
    })
}

fn precision(name: &str) -> Result<Precision, ProblemError> {
    let found = Precision::ALL.into_iter().find(|x| x.name() == name);
    found.ok_or_else(|| {
        let names = Precision::ALL.map(Precision::name).join(", ");
        invalid(format!(
            "gradients_dtype: expected one of {names}, found \"{}\"",
            shorten(name)
        ))
    })
}

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "present")]
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchitectureFile {
    #[serde(rename = "format")]
    _format: String,
    #[serde(default, deserialize_with = "present")]
    strength: Option<Table<StrengthFile>>,
    #[serde(default, deserialize_with = "present")]
    layout: Option<String>,
    #[serde(default, deserialize_with = "present")]
    gradients_dtype: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pairs: Option<List<Table<PairFile>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairFile {
    kind: String,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    up: Option<String>,
    #[serde(default, deserialize_with = "present")]
    down: Option<String>,
    #[serde(default, deserialize_with = "present")]
    bias: Option<String>,
    #[serde(default, deserialize_with = "present")]
    positions: Option<Whole>,
    #[serde(default, deserialize_with = "present")]
    heads: Option<Whole>,
    #[serde(default, deserialize_with = "present")]
    query: Option<String>,
    #[serde(default, deserialize_with = "present")]
    key: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<String>,
    #[serde(default, deserialize_with = "present")]
    output: Option<String>,
    #[serde(default, deserialize_with = "present")]
    query_bias: Option<String>,
    #[serde(default, deserialize_with = "present")]
    key_bias: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value_bias: Option<String>,
}

impl PairFile {
    /// One link, or the two of attention.
    fn links(self, path: &str) -> Result<Vec<Link>, ProblemError> {
        let attention = match self.kind.as_str() {
            "linear" | "relu" => false,
            "attention" => true,
            other => {
                return Err(invalid(format!(
                    "{path}.kind: expected linear, relu or attention, found \"{}\"",
                    shorten(other)
                )));
            }
        };
        for (field, present, of_attention) in [
            ("up", self.up.is_some(), false),
            ("down", self.down.is_some(), false),
            ("bias", self.bias.is_some(), false),
            ("heads", self.heads.is_some(), true),
            ("query", self.query.is_some(), true),
            ("key", self.key.is_some(), true),
            ("value", self.value.is_some(), true),
            ("output", self.output.is_some(), true),
            ("query_bias", self.query_bias.is_some(), true),
            ("key_bias", self.key_bias.is_some(), true),
            ("value_bias", self.value_bias.is_some(), true),
        ] {
            if present && of_attention != attention {
                return Err(invalid(format!(
                    "{path}.{field}: does not go with kind \"{}\"",
                    self.kind
                )));
            }
        }
        let positions = self.positions.map_or(1, |positions| positions.0);
        if positions == 0 {
            return Err(invalid(format!(
                "{path}.positions: expected at least 1, found 0"
            )));
        }
        let missing = |field: &str| invalid(format!("{path}.{field}: missing"));
        let port = |field: &str, tensor: Option<String>, axis| {
            Ok::<_, ProblemError>(Port {
                field: format!("{path}.{field}"),
                tensor: tensor.ok_or_else(|| missing(field))?,
                axis,
            })
        };
        let ports = |weight: Port, field: &str, bias: Option<String>| {
            let bias = bias.map(|bias| port(field, Some(bias), Axis::Bias));
            let bias = bias.transpose()?;
            Ok::<_, ProblemError>([Some(weight), bias].into_iter().flatten().collect())
        };
        let link = |kind, heads, up: Vec<Port>, down: Vec<Port>, part: &str| {
            let names: Vec<&str> = [&up, &down]
                .into_iter()
                .filter_map(|side| side.first())
                .map(|port| port.tensor.as_str())
                .collect();
            let name = match &self.name {
                Some(name) => format!("{name}{part}"),
                None => names.join(", "),
            };
            Link {
                name,
                kind,
                heads,
                positions,
                up,
                down,
            }
        };
        if !attention {
            let kind = match self.kind.as_str() {
                "relu" => Kind::Relu,
                _ => Kind::Linear,
            };
            let up = port("up", self.up, Axis::Input)?;
            let down = port("down", self.down, Axis::Output)?;
            let down = ports(down, "bias", self.bias)?;
            return Ok(vec![link(kind, 1, vec![up], down, "")]);
        }
        let heads = self.heads.ok_or_else(|| missing("heads"))?.0;
        if heads == 0 {
            return Err(invalid(format!(
                "{path}.heads: expected at least 1, found 0"
            )));
        }
        let query = port("query", self.query, Axis::Output)?;
        let key = port("key", self.key, Axis::Output)?;
        let value = port("value", self.value, Axis::Output)?;
        let output = port("output", self.output, Axis::Input)?;
        // One tensor cannot be moved in two ways.
        for (first, second) in [(&query, &key), (&query, &value), (&key, &value)] {
            if first.tensor == second.tensor {
                return Err(invalid(format!(
                    "{}: names \"{}\" like {}: queries, keys or values in one tensor (fused QKV: c_attn, in_proj_weight) are not supported yet; split it, in the checkpoint and in the gradients",
                    second.field,
                    shorten(&second.tensor),
                    first.field
                )));
            }
        }
        let query = ports(query, "query_bias", self.query_bias)?;
        let key = ports(key, "key_bias", self.key_bias)?;
        let value = ports(value, "value_bias", self.value_bias)?;
        Ok(vec![
            link(Kind::QueryKey, heads, query, key, " query-key"),
            link(
                Kind::ValueOutput,
                heads,
                vec![output],
                value,
                " value-output",
            ),
        ])
    }
}
