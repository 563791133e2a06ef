//! The rescalings of a whole network.
