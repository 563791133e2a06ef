//! A family falls apart where no live term holds two of its groups of generators together:
//! each part has a minimum of its own, or has none.

use super::{Existence, Exponential};
use crate::scalar::{Field, Rational};
use crate::symmetry::{null_space, row_space};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::unionfind::UnionFind;
use std::collections::BTreeMap;

/// Generators that live terms hold together, and these terms.
pub(super) struct Part {
    /// Their places in the family, in order.
    pub members: Vec<usize>,
    /// The terms, exponents in these members alone.
    pub terms: Vec<Exponential<Rational>>,
    /// A basis of the directions along which Φ is constant, in these members.
    pub flat: Vec<Vec<Rational>>,
    /// One of what is orthogonal to those.
    pub span: Vec<Vec<Rational>>,
}

/// The parts of a family of `members` generators, by their first member. A generator without
/// a live term is a part without terms.
pub(super) fn parts(terms: &[Exponential<Rational>], members: usize) -> Vec<Part> {
    let mut groups = UnionFind::new(members);
    for term in terms {
        let mut live = term
            .exponent
            .iter()
            .enumerate()
            .filter(|(_, v)| !v.is_zero());
        if let Some((first, _)) = live.next() {
            live.for_each(|(i, _)| {
                groups.union(first, i);
            });
        }
    }
    let mut by_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut place = vec![0; members];
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for i in 0..members {
        let key = *first.entry(groups.find(i)).or_insert(i);
        by_group.entry(key).or_default().push(i);
        place[i] = key;
    }
    let mut own: BTreeMap<usize, Vec<Exponential<Rational>>> = BTreeMap::new();
    for term in terms {
        let Some(i) = term.exponent.iter().position(|v| !v.is_zero()) else {
            continue;
        };
        let members = &by_group[&place[i]];
        own.entry(place[i]).or_default().push(Exponential {
            exponent: members.iter().map(|&j| term.exponent[j].clone()).collect(),
            weight: term.weight.clone(),
        });
    }
    let part = |(key, members): (usize, Vec<usize>)| {
        let terms = own.remove(&key).unwrap_or_default();
        let rows: Vec<Vec<Rational>> = terms.iter().map(|t| t.exponent.clone()).collect();
        Part {
            flat: null_space(&rows, members.len()),
            span: row_space(&rows),
            members,
            terms,
        }
    };
    by_group.into_iter().map(part).collect()
}

impl Part {
    /// A direction of recession, if there is no minimum.
    pub fn recession(&self) -> Option<Vec<Rational>> {
        if let Some(direction) = self.along_arcs() {
            return direction;
        }
        let exponents: Vec<Vec<Rational>> = self.terms.iter().map(|t| t.exponent.clone()).collect();
        match Existence::of(&exponents, self.members.len()) {
            Existence::Unbounded { direction } => Some(direction),
            Existence::Bounded { .. } => None,
        }
    }

    /// The same where every exponent is a multiple of a difference of unit vectors, or of one
    /// of these alone, as for the neurons of a network; `None` where it is not.
    ///
    /// They are arcs of a graph whose nodes are the members and the outside. Strictly positive
    /// weights that add up to 0 are a circulation through every arc: it exists exactly when
    /// no arc leaves its strongly connected component. Otherwise the order of the components
    /// is a direction of recession.
    fn along_arcs(&self) -> Option<Option<Vec<Rational>>> {
        let outside = self.members.len();
        let mut graph = DiGraph::<(), (), u32>::with_capacity(outside + 1, self.terms.len());
        for _ in 0..=outside {
            graph.add_node(());
        }
        for term in &self.terms {
            let mut ends = [outside; 2];
            let mut total = Rational::new();
            for (i, v) in term
                .exponent
                .iter()
                .enumerate()
                .filter(|(_, v)| !v.is_zero())
            {
                let end = &mut ends[usize::from(*v > 0)];
                if *end != outside {
                    return None;
                }
                *end = i;
                total += v;
            }
            if ends.iter().all(|end| *end != outside) && !total.is_zero() {
                return None;
            }
            // The term of an arc a → b is e^{s(λ_b − λ_a)} with s > 0.
            let [from, to] = ends.map(NodeIndex::new);
            graph.add_edge(from, to, ());
        }
        // In reverse topological order: arcs lead to earlier components or stay.
        let mut place = vec![0_i64; outside + 1];
        for (i, component) in (0..).zip(kosaraju_scc(&graph)) {
            for node in component {
                place[node.index()] = i;
            }
        }
        let leaves = |arc: &petgraph::graph::Edge<(), u32>| {
            place[arc.source().index()] != place[arc.target().index()]
        };
        let fixed = place[outside];
        let direction = place[..outside]
            .iter()
            .map(|i| Rational::from_int(i - fixed));
        Some(
            graph
                .raw_edges()
                .iter()
                .any(leaves)
                .then(|| direction.collect()),
        )
    }
}
