//! ℓ = ‖softmax(XW_QW_KᵀXᵀ) XW_VW_O − Y‖²: one head of attention.

use super::{Loss, Sample, Symmetric, product, squared_error, symmetric_directions, transposed};
use crate::scalar::{Field, Rational, sum};
use crate::symmetry::{Generator, Slice, SymmetryError};

/// θ = (W_Q, W_K, W_V, W_O), each row by row; the first three of shape embedding × head,
/// W_O of shape head × outputs. A sample's input is X (tokens × embedding) row by row,
/// its target Y (tokens × outputs); the softmax is over each row of the scores.
///
/// Invariant, for every symmetric S, under W_Q → W_Qe^{λS}, W_K → W_Ke^{−λS} and under
/// W_V → W_Ve^{λS}, W_O → e^{−λS}W_O (T17). Never exact in rationals, but for one token.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Rows of X.
    pub tokens: usize,
    /// Columns of X.
    pub embedding: usize,
    /// Columns of queries, keys and values.
    pub head: usize,
    /// Columns of Y.
    pub outputs: usize,
}

/// W_Q, W_K, W_V and W_O.
struct Weights<'a, S> {
    query: &'a [S],
    key: &'a [S],
    value: &'a [S],
    output: &'a [S],
}

/// What the gradient needs of the way forward; matrices row by row.
struct Pass<S> {
    query: Vec<S>,
    key: Vec<S>,
    value: Vec<S>,
    /// The rows of the softmax.
    attention: Vec<S>,
    mixed: Vec<S>,
    output: Vec<S>,
}

impl Attention {
    /// The generator of W_Q → W_Qe^{λS}, W_K → W_Ke^{−λS}, S given row by row.
    ///
    /// # Errors
    /// The shape of S, or its first asymmetric entry.
    pub fn turning_scores(&self, s: &[Vec<Rational>]) -> Result<Generator, SymmetryError> {
        let query = Slice::rows(0, self.embedding, s.len());
        let key = Slice::rows(self.projection(), self.embedding, s.len()).map(Slice::negated);
        Generator::block(self.dim(), s, query.chain(key).collect())
    }

    /// The generator of W_V → W_Ve^{λS}, W_O → e^{−λS}W_O, S given row by row.
    ///
    /// # Errors
    /// The shape of S, or its first asymmetric entry.
    pub fn turning_values(&self, s: &[Vec<Rational>]) -> Result<Generator, SymmetryError> {
        let value = Slice::rows(2 * self.projection(), self.embedding, s.len());
        let output = Slice::columns(3 * self.projection(), self.outputs).map(Slice::negated);
        Generator::block(self.dim(), s, value.chain(output).collect())
    }

    /// The parameters of W_Q, of W_K and of W_V.
    fn projection(&self) -> usize {
        self.embedding.saturating_mul(self.head)
    }

    fn weights<'a, S>(&self, theta: &'a [S]) -> Option<Weights<'a, S>> {
        let (query, rest) = theta.split_at_checked(self.projection())?;
        let (key, rest) = rest.split_at_checked(self.projection())?;
        let (value, output) = rest.split_at_checked(self.projection())?;
        Some(Weights {
            query,
            key,
            value,
            output,
        })
    }

    fn pass<S: Field>(&self, theta: &[S], x: &[S]) -> Option<Pass<S>> {
        let weights = self.weights(theta)?;
        let query = product(x, weights.query, self.embedding);
        let key = product(x, weights.key, self.embedding);
        let value = product(x, weights.value, self.embedding);
        let scores = product(&query, &transposed(&key, self.head), self.head);
        let rows = scores.chunks(self.tokens.max(1)).map(softmax);
        let attention = rows.collect::<Option<Vec<_>>>()?.concat();
        let mixed = product(&attention, &value, self.tokens);
        let output = product(&mixed, weights.output, self.head);
        Some(Pass {
            query,
            key,
            value,
            attention,
            mixed,
            output,
        })
    }
}

/// e^{s_j} / Σ_k e^{s_k} = 1 / Σ_k e^{s_k − s_j}, which can't overflow to a NaN.
fn softmax<S: Field>(scores: &[S]) -> Option<Vec<S>> {
    let weight = |s: &S| {
        let terms = scores.iter().map(|t| (t.clone() - s).exponential());
        Some(S::one() / sum(terms.collect::<Option<Vec<S>>>()?))
    };
    scores.iter().map(weight).collect()
}

impl Loss for Attention {
    fn dim(&self) -> usize {
        let output = self.head.saturating_mul(self.outputs);
        self.projection().saturating_mul(3).saturating_add(output)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let output = self.pass(theta, &sample.input)?.output;
        Some(squared_error(&output, &sample.target).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let (tokens, head) = (self.tokens, self.head);
        let pass = self.pass(theta, &sample.input)?;
        let (_, error) = squared_error(&pass.output, &sample.target);
        let inputs = transposed(&sample.input, self.embedding);
        let output = transposed(self.weights(theta)?.output, self.outputs);

        let d_output = product(&transposed(&pass.mixed, head), &error, tokens);
        let d_mixed = product(&error, &output, self.outputs);
        let d_value = product(&transposed(&pass.attention, tokens), &d_mixed, tokens);
        let d_attention = product(&d_mixed, &transposed(&pass.value, head), head);
        // Through the softmax: ∂p_j/∂s_k = p_j(δ_jk − p_k), row by row.
        let rows = pass.attention.chunks(tokens.max(1));
        let rows = rows.zip(d_attention.chunks(tokens.max(1)));
        let d_scores: Vec<S> = rows
            .flat_map(|(p, d)| {
                let mean = crate::scalar::dot(p, d);
                let centred = p.iter().zip(d);
                centred
                    .map(|(p, d)| (d.clone() - &mean) * p)
                    .collect::<Vec<S>>()
            })
            .collect();
        let d_query = product(&d_scores, &pass.key, tokens);
        let d_key = product(&transposed(&d_scores, tokens), &pass.query, tokens);

        let projections = [d_query, d_key, d_value];
        let projections = projections.map(|d| product(&inputs, &d, tokens));
        Some([&projections.concat()[..], &d_output].concat())
    }
}

impl Symmetric for Attention {
    fn kind(&self) -> &'static str {
        "attention"
    }

    fn shape(&self) -> (usize, usize) {
        let entries = |columns| self.tokens.saturating_mul(columns);
        (entries(self.embedding), entries(self.outputs))
    }

    fn symmetries(&self) -> Vec<Generator> {
        let directions = symmetric_directions(self.head);
        let turnings = directions
            .iter()
            .flat_map(|s| [self.turning_scores(s), self.turning_values(s)]);
        turnings.filter_map(Result::ok).collect()
    }
}
