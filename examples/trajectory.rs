//! A linear network learns the digits by SGD; its way to the noise equilibrium, as CSV.
//!
//! ```text
//! cargo run --release --example trajectory > trajectory.csv
//! ```

use noise_equilibrium::balance::Strength;
use noise_equilibrium::dynamics::{
    Data, Descent, Network, Observer, Sampling, Schedule, Source, Stream,
};
use noise_equilibrium::model::{Activation, digits};

fn main() -> Result<(), csv::Error> {
    let (rate, batch) = (0.01, 8);
    let data = Data::of(&digits()[..200]);
    let network = Network::new(&[64, 4, 10], Activation::Identity);
    let mut stream = Stream::seeded(0, "start", 0);
    // Incoming weights ten times as large as outgoing ones: far from balance.
    let theta = [stream.normals(40, 0.02), stream.normals(256, 0.2)].concat();
    let strength = Strength::new(0.0, rate / (2.0 * batch as f64)).unwrap();
    let observer = Observer {
        network: &network,
        data: &data,
        strength,
        exact_trace: 512,
        lanczos: 20,
        equilibrium: true,
        seed: 0,
    };
    let descent = Descent {
        network: &network,
        source: Source::Finite(&data, Sampling::WithReplacement(batch)),
        schedule: Schedule::Constant(rate),
        gamma: 0.0,
    };
    let mut run = descent.start(theta, stream);
    let mut table = csv::Writer::from_writer(std::io::stdout());
    table.write_record([
        "step",
        "loss",
        "charge",
        "imbalance",
        "alignment",
        "relaxation_time",
        "trace",
        "sharpness",
        "distance",
        "excess_potential",
    ])?;
    for seen in observer.follow(&mut run, 20_000, 2_000) {
        let pair = &seen.pairs[0];
        let distance = seen.equilibrium;
        table.serialize((
            seen.step,
            seen.loss,
            pair.charge,
            pair.imbalance,
            pair.alignment,
            pair.relaxation_time,
            seen.trace,
            seen.sharpness,
            distance.map(|d| d.euclidean),
            distance.map(|d| d.potential),
        ))?;
    }
    table.flush()?;
    Ok(())
}
