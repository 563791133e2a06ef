//! Why two tensors do not share an inner dimension: what people have that is no pair yet.

use super::architecture::{Axis, Port};

/// A tensor where the network's file names it.
pub(super) struct Shaped<'a> {
    pub port: &'a Port,
    pub shape: &'a [usize],
    /// Along the axis that is meant.
    pub length: usize,
}

impl Shaped<'_> {
    /// Does it slide over positions?
    fn is_convolution(&self) -> bool {
        self.shape.len() > 2
    }
}

/// The likeliest reason that the lengths of two tensors differ, for the end of a message.
pub(super) fn likely(one: &Shaped<'_>, other: &Shaped<'_>) -> String {
    let (short, long) = if one.length < other.length {
        (one, other)
    } else {
        (other, one)
    };
    let times = match short.length {
        0 => None,
        length => (long.length % length == 0).then(|| long.length / length),
    };
    let reads = short.port.axis == Axis::Input;
    match times {
        Some(_) if reads && short.is_convolution() && short.length == 1 => format!(
            "\"{}\" reads one channel for each output (a depthwise convolution), which is not supported yet",
            short.port.tensor
        ),
        Some(groups) if reads && short.is_convolution() => format!(
            "does \"{}\" read its channels in {groups} groups (a grouped convolution)? Those are not supported yet",
            short.port.tensor
        ),
        Some(positions)
            if long.port.axis == Axis::Input
                && !long.is_convolution()
                && short.is_convolution() =>
        {
            format!(
                "are the {} channels flattened, with {positions} positions each, before \"{}\"? That is not supported yet",
                short.length, long.port.tensor
            )
        }
        Some(shared) if is_attention(long.port) && is_attention(short.port) => format!(
            "do {shared} heads share one of \"{}\" (grouped or multi-query attention)? That is not supported yet",
            short.port.tensor
        ),
        _ => "is the layout right?".to_owned(),
    }
}

fn is_attention(port: &Port) -> bool {
    let fields = ["query", "key", "value", "output"];
    fields.iter().any(|field| {
        port.field
            .rsplit_once('.')
            .is_some_and(|(_, own)| own.starts_with(field))
    })
}
