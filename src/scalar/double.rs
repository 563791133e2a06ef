//! Doubles in JSON: as strings, since a JSON number has no infinities and readers round it.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A double that survives the way to a file and back, to the bit (of a NaN, that it is one).
#[derive(Clone, Copy)]
pub struct Double(pub f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The shortest decimal that is read back as the same double.
        serializer.collect_str(&format_args!("{:e}", self.0))
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().map(Self);
        number.map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a number in a string"))
    }
}

/// For `#[serde(with = …)]` on a field of type `f64`.
pub mod one {
    use super::{Deserialize, Deserializer, Double, Serialize, Serializer};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Double(*number).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Double::deserialize(deserializer).map(|Double(number)| number)
    }
}

/// For `#[serde(with = …)]` on a field of type `Vec<[f64; 3]>`.
pub mod triples {
    use super::{Deserialize, Deserializer, Double, Serializer};

    pub fn serialize<S: Serializer>(rows: &[[f64; 3]], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rows.iter().map(|row| row.map(Double)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<[f64; 3]>, D::Error> {
        let rows = Vec::<[Double; 3]>::deserialize(deserializer)?;
        Ok(rows.into_iter().map(|row| row.map(|Double(x)| x)).collect())
    }
}
