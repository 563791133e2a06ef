//! Whether a network has a minimum, and which neurons may be rescaled together.

use super::NetworkError;
use super::block::Block;
use super::weights::Weights;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

type Arcs = DiGraph<(), (), u32>;

/// The groups without a fixed end, if there is a minimum.
///
/// The exponents are differences of unit vectors, arcs of a graph whose nodes are the
/// neurons and the outside. Strictly positive weights that add up to 0 are a circulation
/// through every arc: it exists exactly when no arc leaves its strongly connected
/// component. Otherwise the order of the components is a direction of recession.
pub fn flat_groups(weights: &Weights) -> Result<Vec<Vec<u32>>, NetworkError> {
    let neurons = weights.neurons;
    let mut graph = Arcs::with_capacity(neurons + 1, 2 * weights.sparse.columns.len());
    for _ in 0..=neurons {
        graph.add_node(());
    }
    let mut pair = |row: usize, column: usize, falling: f64, rising: f64| {
        let (row, column) = (NodeIndex::new(row), NodeIndex::new(column));
        if falling > 0.0 {
            graph.add_edge(row, column, ());
        }
        if rising > 0.0 {
            graph.add_edge(column, row, ());
        }
    };
    for outer in &weights.outer {
        pair(outer.neuron, neurons, outer.falling, outer.rising);
    }
    let sparse = &weights.sparse;
    for row in 0..neurons {
        for k in sparse.row(row) {
            let column = sparse.columns[k] as usize;
            pair(row, column, sparse.falling[k], sparse.rising[k]);
        }
    }
    for block in &weights.blocks {
        add_block(&mut graph, block, &block.falling, |row, column| {
            (row, column)
        });
        add_block(&mut graph, block, &block.rising, |row, column| {
            (column, row)
        });
    }
    // In reverse topological order: arcs lead to earlier components or stay.
    let components = kosaraju_scc(&graph);
    let mut place = vec![0; graph.node_count()];
    for (i, component) in components.iter().enumerate() {
        for node in component {
            place[node.index()] = i;
        }
    }
    let escape = graph
        .raw_edges()
        .iter()
        .map(|arc| (arc.source().index(), arc.target().index()))
        .find(|&(source, target)| place[source] != place[target]);
    if let Some((source, target)) = escape {
        // The term of an arc a → b is e^{2(λ_b − λ_a)}: it falls as the place of b.
        let signed = |i: usize| i64::try_from(place[i]).unwrap_or(i64::MAX);
        let fixed = signed(neurons);
        let direction = (0..neurons).map(|i| signed(i) - fixed);
        return Err(NetworkError::Unbounded {
            neuron: if source < neurons { source } else { target },
            direction: direction.collect(),
        });
    }
    let fixed = place[neurons];
    let free = components.into_iter().enumerate();
    let mut groups: Vec<Vec<u32>> = free
        .filter(|(i, _)| *i != fixed)
        .map(|(_, nodes)| {
            let own = nodes.iter().map(|node| node.index());
            let own = own.filter(|node| *node < neurons);
            let mut group: Vec<u32> = own.map(|node| node as u32).collect();
            group.sort_unstable();
            group
        })
        .filter(|group| !group.is_empty())
        .collect();
    groups.sort_unstable();
    Ok(groups)
}

/// The arcs of one side of a block, from its rows to its columns or, `turned`, back.
///
/// Where all of many rows have an arc to all of the same columns, one more node that they
/// all pass through leads to the same places with fewer arcs.
fn add_block(
    graph: &mut Arcs,
    block: &Block,
    entries: &[f64],
    turned: impl Fn(NodeIndex, NodeIndex) -> (NodeIndex, NodeIndex),
) {
    let mut live = vec![false; block.width];
    for row in entries.chunks_exact(block.width) {
        for (live, entry) in live.iter_mut().zip(row) {
            *live |= *entry > 0.0;
        }
    }
    if !live.contains(&true) {
        return;
    }
    let hub = graph.add_node(());
    let columns: Vec<NodeIndex> = block.range().map(NodeIndex::new).collect();
    let mut arc = |from, to| {
        let (from, to) = turned(from, to);
        graph.add_edge(from, to, ());
    };
    let mut passed = false;
    for (&row, entries) in block.rows.iter().zip(entries.chunks_exact(block.width)) {
        let row = NodeIndex::new(row as usize);
        // An arc from a neuron to itself changes nothing.
        let full = columns
            .iter()
            .zip(entries)
            .zip(&live)
            .all(|((column, entry), live)| !live || *entry > 0.0 || *column == row);
        if full {
            arc(row, hub);
            passed = true;
            continue;
        }
        let own = columns
            .iter()
            .zip(entries)
            .filter(|(_, entry)| **entry > 0.0);
        own.for_each(|(&column, _)| arc(row, column));
    }
    if passed {
        let own = columns.iter().zip(&live).filter(|(_, live)| **live);
        own.for_each(|(&column, _)| arc(hub, column));
    }
}
