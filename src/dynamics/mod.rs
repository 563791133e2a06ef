//! How parameters move: gradient descent with and without noise, gradient flow, the
//! stochastic differential equation, and the flow of the charge along an orbit.
//!
//! [`step`] is one step in any number system, for exact statements. What follows
//! trajectories works in `f64`: no allocation in a step, every sum in a fixed order, no
//! fused multiply-add and no platform libm, so that a run is the same to the last bit on
//! every machine and for any number of threads.

mod curvature;
mod data;
mod descent;
mod diffusion;
mod flow;
mod network;
mod observable;
mod observation;
mod product;
mod random;
mod step;

pub use curvature::{hessian_product, hessian_trace, hutchinson_trace, largest_eigenvalue};
pub use data::{Batch, Data, Sampling, Source, Teacher};
pub use descent::{Descent, Run, Schedule};
pub use diffusion::{Diffusion, Noise};
pub use flow::{
    FlowError, Path, TOLERANCE, gradient_flow, gradient_path, noether_flow, noether_path, pair_flow,
};
pub use network::{Network, Normalisation, Workspace};
pub use observable::{alignment, charge, pair_sides};
pub use observation::{Distance, Observation, Observer, PROBES, PairObservation};
pub use random::Stream;
pub use step::{batches_with_replacement, batches_without_replacement, step};
