//! Whole groups GL(r) among the symmetries: U → UP, W → P⁻¹W (T17).

use super::commuting::Maps;
use super::sparse::{Echelon, Sparse};
use crate::scalar::Rational;
use num_traits::One;
use std::collections::{BTreeMap, HashMap};

/// Two sets of parameters between which GL(r) acts: U (n × r) → UP and W (r × m) → P⁻¹W.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneralLinear {
    /// For each of the r columns of U its n parameters, by their indices.
    pub up: Vec<Vec<usize>>,
    /// For each of the r rows of W its m parameters; none where the group acts on U alone.
    pub down: Vec<Vec<usize>>,
}

impl GeneralLinear {
    /// r.
    pub fn rank(&self) -> usize {
        self.up.len()
    }

    /// The generator of the direction e_ie_jᵀ + e_je_iᵀ (e_ie_iᵀ for i = j).
    fn generator(&self, maps: &Maps, i: usize, j: usize) -> Sparse {
        let mut motion = Sparse::new();
        let sides = [(&self.up, 1), (&self.down, -1)];
        for (lists, sign) in sides {
            for (&a, &b) in lists[i].iter().zip(&lists[j]) {
                motion.push((maps.at(a, b), Rational::from(sign)));
                if a != b {
                    motion.push((maps.at(b, a), Rational::from(sign)));
                }
            }
        }
        motion.sort_by_key(|(at, _)| *at);
        motion
    }
}

/// Does it exchange what goes up and down, where does it go, and which coordinate to which?
type Edge = (bool, usize, BTreeMap<usize, usize>);

/// A diagonal generator with the rates ±1 and 0: its coordinates, up before down.
struct Unit {
    up: Vec<usize>,
    down: Vec<usize>,
}

/// The groups, r ≥ 2, whose directions are all in a space of symmetric generators. They are
/// looked for where the diagonal directions are diagonal in the parameters.
pub(super) fn groups(
    maps: &Maps,
    diagonal: &[Sparse],
    others: &[Sparse],
    space: &Echelon,
) -> Vec<GeneralLinear> {
    let units: Vec<Option<Unit>> = diagonal.iter().map(|v| unit(maps, v)).collect();
    // A generator by the coordinates that go up.
    let mut index: HashMap<Vec<usize>, (usize, bool)> = HashMap::new();
    for (k, unit) in units.iter().enumerate() {
        if let Some(unit) = unit {
            index.insert(unit.up.clone(), (k, false));
            index.insert(unit.down.clone(), (k, true));
        }
    }
    // From each generator to others, with the coordinates in the order of its own; first
    // those that keep what goes up.
    let mut edges: BTreeMap<usize, Vec<Edge>> = BTreeMap::new();
    for exchange in others {
        let Some(partner) = matching(maps, exchange) else {
            continue;
        };
        for (k, unit) in units.iter().enumerate() {
            let Some(unit) = unit else { continue };
            let own = unit.up.len() + unit.down.len();
            let all = unit.up.iter().chain(&unit.down);
            if 2 * own != partner.len() || !all.clone().all(|a| partner.contains_key(a)) {
                continue;
            }
            let mut image: Vec<usize> = unit.up.iter().map(|a| partner[a]).collect();
            image.sort_unstable();
            if let Some(&(other, turned)) = index.get(&image)
                && other != k
            {
                edges
                    .entry(k)
                    .or_default()
                    .push((turned, other, partner.clone()));
            }
        }
    }
    for list in edges.values_mut() {
        list.sort_by_key(|(turned, ..)| *turned);
    }
    let mut taken = vec![false; units.len()];
    let mut groups = Vec::new();
    for start in 0..units.len() {
        let Some(unit) = &units[start] else { continue };
        if std::mem::replace(&mut taken[start], true) {
            continue;
        }
        let mut group = GeneralLinear {
            up: vec![unit.up.clone()],
            down: vec![unit.down.clone()],
        };
        for (_, other, partner) in edges.get(&start).into_iter().flatten() {
            if taken[*other] {
                continue;
            }
            let [up, down] = [&unit.up, &unit.down].map(|own| {
                let image = own.iter().map(|a| partner[a]);
                image.collect::<Vec<usize>>()
            });
            group.up.push(up);
            group.down.push(down);
            let last = group.rank() - 1;
            // With all before it a group, or not of it.
            if (0..=last).all(|i| space.contains(&group.generator(maps, i, last))) {
                taken[*other] = true;
            } else {
                group.up.pop();
                group.down.pop();
            }
        }
        if group.rank() >= 2 {
            groups.push(group);
        }
    }
    groups
}

fn unit(maps: &Maps, motion: &Sparse) -> Option<Unit> {
    let mut unit = Unit {
        up: Vec::new(),
        down: Vec::new(),
    };
    for (at, value) in motion {
        let (i, j) = maps.place(*at);
        if i != j {
            return None;
        }
        if value.is_one() {
            unit.up.push(i);
        } else if *value == -1 {
            unit.down.push(i);
        } else {
            return None;
        }
    }
    (!unit.up.is_empty()).then_some(unit)
}

/// A symmetric matrix that exchanges coordinates in pairs: the partner of each.
fn matching(maps: &Maps, motion: &Sparse) -> Option<BTreeMap<usize, usize>> {
    let mut partner = BTreeMap::new();
    for (at, value) in motion {
        let (i, j) = maps.place(*at);
        let is_unit = value.is_one() || *value == -1;
        if i == j || !is_unit || partner.insert(i, j).is_some() {
            return None;
        }
    }
    Some(partner)
}
