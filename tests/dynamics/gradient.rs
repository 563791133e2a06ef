//! Gradients of whole batches against the exact model's.

use crate::bits;
use crate::written_out::{self, Narrow, exactly};
use noise_equilibrium::dynamics::{Network, Stream};
use noise_equilibrium::model::{Activation, Loss, Sample};
use noise_equilibrium::scalar::{Ball, Field, Rational, at_precision};

/// Sizes on both sides of those of the blocks that products are computed in.
const SHAPES: [(&[usize], usize); 14] = [
    (&[1, 1], 1),
    (&[33, 9], 7),
    (&[3, 8], 33),
    (&[1, 7, 1], 8),
    (&[7, 8, 9], 9),
    (&[9, 33, 7], 3),
    (&[8, 8, 8], 8),
    (&[3, 7, 9, 8], 7),
    (&[8, 1, 33, 3], 4),
    (&[33, 9, 1, 7], 1),
    (&[9, 7, 8, 3, 33], 9),
    (&[1, 3, 7, 8, 1], 33),
    (&[16, 25, 17], 15),
    (&[31, 15, 24], 17),
];

fn activations() -> [Activation; 3] {
    let slope = Rational::from((3, 10));
    [
        Activation::Identity,
        Activation::LeakyRelu { slope },
        Activation::Tanh,
    ]
}

/// A network with its parameters and a batch.
pub struct Case {
    pub network: Network,
    pub theta: Vec<f64>,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

impl Case {
    pub fn drawn(widths: &[usize], activation: Activation, batch: usize) -> Self {
        let mut stream = Stream::seeded(1, "gradient", batch as u64);
        let network = Network::new(widths, activation);
        Self {
            theta: stream.normals(network.dim(), 0.7),
            x: stream.normals(batch * widths[0], 1.0),
            y: stream.normals(batch * widths[network.layers()], 1.0),
            network,
        }
    }

    pub fn computed(&self) -> (f64, Vec<f64>) {
        let batch = self.x.len() / self.network.widths[0];
        let mut gradient = vec![f64::NAN; self.network.dim()];
        let mut work = self.network.workspace(batch);
        let (theta, x, y) = (&self.theta, &self.x, &self.y);
        let loss = self.network.gradient(theta, x, y, &mut work, &mut gradient);
        (loss, gradient)
    }

    pub fn written_out<S: written_out::Numbers>(&self) -> (S, Vec<S>) {
        let [theta, x, y] = [&self.theta, &self.x, &self.y].map(|v| exactly::<S>(v));
        written_out::gradient(&self.network, &theta, &x, &y)
    }

    pub fn samples<S: Field>(&self) -> Vec<Sample<S>> {
        let widths = &self.network.widths;
        let inputs = self.x.chunks(widths[0]);
        let targets = self.y.chunks(widths[self.network.layers()]);
        let sample = |(x, y)| Sample {
            input: exactly(x),
            target: exactly(y),
        };
        inputs.zip(targets).map(sample).collect()
    }

    /// The model's loss and gradient, in the mean over the samples.
    fn exact(&self) -> (Ball, Vec<Ball>) {
        at_precision(256, || self.mean())
    }

    fn mean(&self) -> (Ball, Vec<Ball>) {
        let (model, theta) = (self.network.model(), exactly(&self.theta));
        let samples = self.samples();
        let n = Ball::from_int(i64::try_from(samples.len()).expect("few samples"));
        let mut loss = Ball::from_int(0);
        let mut gradient = vec![loss.clone(); self.network.dim()];
        for z in &samples {
            loss += model.loss(&theta, z).expect("away from the kink");
            let g = model.gradient(&theta, z).expect("away from the kink");
            gradient = gradient.iter().zip(g).map(|(a, b)| a + &b).collect();
        }
        (loss / &n, gradient.into_iter().map(|g| g / &n).collect())
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let shapes = SHAPES.into_iter();
    shapes.flat_map(|(widths, batch)| activations().map(|phi| Case::drawn(widths, phi, batch)))
}

pub fn holds(enclosure: &Narrow, x: f64) -> bool {
    enclosure
        .0
        .contains(&Rational::from_f64(x).expect("finite"))
}

/// Products in blocks, in the widest registers of the processor, give what one sum after
/// the other does in those that every processor has, bit by bit.
#[test]
fn the_same_bits_as_written_out() {
    for case in cases() {
        let (loss, gradient) = case.computed();
        let (plain_loss, plain) = case.written_out::<f64>();
        assert_eq!(loss.to_bits(), plain_loss.to_bits());
        assert_eq!(bits(&gradient), bits(&plain), "{:?}", case.network);
    }
}

/// The model's gradient and the network's lie in one enclosure, which rounding alone
/// makes wide.
#[test]
fn the_models_gradient_up_to_rounding() {
    for case in cases() {
        let (loss, gradient) = case.computed();
        let (loss_bound, bounds) = case.written_out::<Narrow>();
        let (exact_loss, exact) = case.exact();
        let meets = |a: &Narrow, b: &Ball| a.0.intersects(b);
        assert!(holds(&loss_bound, loss) && meets(&loss_bound, &exact_loss));
        assert_eq!(gradient.len(), exact.len());
        for ((g, bound), exact) in gradient.iter().zip(&bounds).zip(&exact) {
            assert!(
                holds(bound, *g) && meets(bound, exact),
                "{:?}",
                case.network
            );
        }
    }
}

/// The enclosures are narrow enough to notice one parameter that is off by 2⁻³⁶ of itself.
#[test]
fn the_enclosures_are_narrow() {
    for mut case in cases() {
        let (_, bounds) = case.written_out::<Narrow>();
        case.theta[0] *= 1.0 + libm::exp2(-36.0);
        let (_, moved) = case.computed();
        assert!(
            moved
                .iter()
                .zip(&bounds)
                .any(|(g, bound)| !holds(bound, *g)),
            "{:?}",
            case.network
        );
    }
}

/// At a kink the slope is the one below it, where the model refuses to say.
#[test]
fn at_a_kink() {
    let slope = Rational::from((1, 4));
    let mut case = Case::drawn(&[1, 1, 1], Activation::LeakyRelu { slope }, 1);
    (case.theta, case.x, case.y) = (vec![1.0, 1.0], vec![0.0], vec![2.0]);
    assert_eq!(case.computed(), (4.0, vec![0.0, 0.0]));
    let sample = &case.samples::<f64>()[0];
    assert_eq!(case.network.model().gradient(&case.theta, sample), None);
    // Slightly above: ∂ℓ/∂W = 2(f − y)·U·1·x; below, with the slope ¼.
    case.x = vec![0.5];
    assert_eq!(case.computed().1, vec![-3.0 * 0.5, -3.0 * 0.5]);
    case.x = vec![-0.5];
    assert_eq!(case.computed().1, vec![4.25 * 0.125, 4.25 * 0.125]);
}

/// One row at a time, a whole batch, and a workspace with room for more: the outputs,
/// hidden layers and per-sample gradients are the same numbers.
#[test]
fn rows_do_not_depend_on_their_batch() {
    let case = Case::drawn(&[9, 7, 8, 3], Activation::Tanh, 9);
    let network = &case.network;
    let mut large = network.workspace(33);
    let outputs = network.outputs(&case.theta, &case.x, &mut large).to_vec();
    let hidden = network.hidden(&case.theta, &case.x, 2, &mut large).to_vec();
    let mut one = network.workspace(1);
    for (b, x) in case.x.chunks(9).enumerate() {
        let output = network.outputs(&case.theta, x, &mut one);
        assert_eq!(bits(output), bits(&outputs[b * 3..][..3]));
        let h = network.hidden(&case.theta, x, 2, &mut one);
        assert_eq!(bits(h), bits(&hidden[b * 8..][..8]));
    }
    let mut gradient = vec![0.0; network.dim()];
    network.gradient(&case.theta, &case.x, &case.y, &mut large, &mut gradient);
    assert_eq!(bits(&gradient), bits(&case.computed().1));
}
