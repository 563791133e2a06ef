//! Where a step's samples come from.

use super::random::Stream;
use crate::model::Sample;
use crate::scalar::Rational;

/// N samples, inputs and targets row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// d_x.
    pub inputs: usize,
    /// d_y.
    pub targets: usize,
    /// N × d_x.
    pub x: Vec<f64>,
    /// N × d_y.
    pub y: Vec<f64>,
}

impl Data {
    /// N samples that share one shape, each number rounded to the nearest double.
    pub fn of(samples: &[Sample<Rational>]) -> Self {
        let row = |row: &[Rational]| row.iter().map(Rational::to_f64).collect::<Vec<_>>();
        Self {
            inputs: samples.first().map_or(0, |z| z.input.len()),
            targets: samples.first().map_or(0, |z| z.target.len()),
            x: samples.iter().flat_map(|z| row(&z.input)).collect(),
            y: samples.iter().flat_map(|z| row(&z.target)).collect(),
        }
    }

    /// N.
    pub fn len(&self) -> usize {
        self.x.len() / self.inputs.max(1)
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// x and y of sample i < N.
    pub fn sample(&self, i: usize) -> (&[f64], &[f64]) {
        let (a, b) = (self.inputs, self.targets);
        (&self.x[i * a..(i + 1) * a], &self.y[i * b..(i + 1) * b])
    }

    /// The samples one by one.
    pub fn samples(&self) -> Vec<Sample<f64>> {
        let sample = |i| {
            let (x, y) = self.sample(i);
            Sample {
                input: x.to_vec(),
                target: y.to_vec(),
            }
        };
        (0..self.len()).map(sample).collect()
    }
}

/// B samples for one step.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// B × d_x.
    pub x: Vec<f64>,
    /// B × d_y.
    pub y: Vec<f64>,
    /// Indices, shuffled as far as they are drawn without replacement.
    order: Vec<usize>,
}

/// How a batch is drawn from finite data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// All N samples: no noise.
    Full,
    /// B samples, each one of all N.
    WithReplacement(usize),
    /// B ≤ N different samples.
    WithoutReplacement(usize),
}

/// A linear teacher with label noise: x with independent normal entries, y = Vx + ε with
/// ε normal and independent of x; fresh samples at each step.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    /// V, d_y × d_x row by row.
    pub map: Vec<f64>,
    /// The diagonal of Σ_x.
    pub input_variance: Vec<f64>,
    /// The diagonal of Σ_ε.
    pub label_variance: Vec<f64>,
    /// B.
    pub batch: usize,
}

/// Where a step's samples come from.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// Finite data.
    Finite(&'a Data, Sampling),
    /// Fresh samples at each step.
    Fresh(&'a Teacher),
}

impl Source<'_> {
    /// B.
    pub fn batch_size(&self) -> usize {
        match self {
            Self::Finite(data, Sampling::Full) => data.len(),
            Self::Finite(_, Sampling::WithReplacement(size)) => *size,
            Self::Finite(data, Sampling::WithoutReplacement(size)) => (*size).min(data.len()),
            Self::Fresh(teacher) => teacher.batch,
        }
    }

    /// A batch of the right size, to be drawn into. All data, for [`Sampling::Full`].
    pub fn batch(&self) -> Batch {
        match self {
            Self::Finite(data, Sampling::Full) => Batch {
                x: data.x.clone(),
                y: data.y.clone(),
                order: Vec::new(),
            },
            Self::Finite(data, _) => Batch {
                x: vec![0.0; self.batch_size() * data.inputs],
                y: vec![0.0; self.batch_size() * data.targets],
                order: (0..data.len()).collect(),
            },
            Self::Fresh(teacher) => Batch {
                x: vec![0.0; teacher.batch * teacher.input_variance.len()],
                y: vec![0.0; teacher.batch * teacher.label_variance.len()],
                order: Vec::new(),
            },
        }
    }

    /// Draws the next batch.
    pub fn draw(&self, stream: &mut Stream, batch: &mut Batch) {
        match self {
            Self::Finite(_, Sampling::Full) => {}
            Self::Finite(data, sampling) => {
                let n = data.len();
                for b in 0..self.batch_size() {
                    let i = match sampling {
                        Sampling::WithoutReplacement(_) => {
                            let other = b + stream.below(n - b);
                            batch.order.swap(b, other);
                            batch.order[b]
                        }
                        _ => stream.below(n),
                    };
                    let (x, y) = data.sample(i);
                    batch.x[b * data.inputs..][..data.inputs].copy_from_slice(x);
                    batch.y[b * data.targets..][..data.targets].copy_from_slice(y);
                }
            }
            Self::Fresh(teacher) => teacher.draw(stream, batch),
        }
    }
}

impl Teacher {
    /// 2·d_x·d_y samples that have the teacher's second moments exactly, x and ε
    /// independent, all means 0: the loss, its gradient and Σ are those of the population
    /// where f − Vx vanishes, and loss and gradient everywhere.
    pub fn moments(&self) -> Data {
        let (inputs, targets) = (self.input_variance.len(), self.label_variance.len());
        let mut data = Data {
            inputs,
            targets,
            x: Vec::new(),
            y: Vec::new(),
        };
        for i in 0..inputs {
            let x = libm::sqrt(inputs as f64 * self.input_variance[i]);
            for j in 0..targets {
                let noise = libm::sqrt(targets as f64 * self.label_variance[j]);
                for sign in [1.0, -1.0] {
                    data.x
                        .extend((0..inputs).map(|k| if k == i { x } else { 0.0 }));
                    data.y.extend((0..targets).map(|k| {
                        let label = if k == j { sign * noise } else { 0.0 };
                        self.map[k * inputs + i] * x + label
                    }));
                }
            }
        }
        data
    }

    fn draw(&self, stream: &mut Stream, batch: &mut Batch) {
        let (inputs, targets) = (self.input_variance.len(), self.label_variance.len());
        let rows = batch.x.chunks_exact_mut(inputs);
        for (x, y) in rows.zip(batch.y.chunks_exact_mut(targets)) {
            for (x, variance) in x.iter_mut().zip(&self.input_variance) {
                *x = libm::sqrt(*variance) * stream.normal();
            }
            let maps = self.map.chunks_exact(inputs);
            for ((y, row), variance) in y.iter_mut().zip(maps).zip(&self.label_variance) {
                let clean = row.iter().zip(x.iter()).fold(0.0, |t, (v, x)| t + v * x);
                *y = clean + libm::sqrt(*variance) * stream.normal();
            }
        }
    }
}
