//! What a figure shows, independent of how it is drawn, and its data as CSV.

use serde::{Deserialize, Serialize};

/// Panels side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What is to be seen.
    pub title: String,
    /// From left to right.
    pub panels: Vec<Panel>,
}

/// One pair of axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, in this order, theory on top.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Logarithmic?
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            log: false,
        }
    }

    /// A logarithmic axis.
    pub fn log(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            log: true,
        }
    }
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Measured along a trajectory: a line.
    Line,
    /// Measured at single values: points with error bars.
    Points,
    /// Theory: a dashed line.
    Theory,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// For the legend.
    pub name: String,
    /// How it is drawn.
    pub style: Style,
    /// x, y and the half width of y's confidence interval (0 for none).
    #[serde(with = "crate::scalar::double::triples")]
    pub points: Vec<[f64; 3]>,
}

impl Series {
    /// Points without error bars.
    pub fn new(name: &str, style: Style, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            style,
            points: points.into_iter().map(|(x, y)| [x, y, 0.0]).collect(),
        }
    }

    /// Points with error bars.
    pub fn estimates(name: &str, points: impl IntoIterator<Item = (f64, super::Estimate)>) -> Self {
        Self {
            name: name.to_owned(),
            style: Style::Points,
            points: points
                .into_iter()
                .map(|(x, y)| [x, y.mean, y.half_width])
                .collect(),
        }
    }
}

impl Figure {
    /// What is drawn, in words: for readers who cannot see it.
    pub fn description(&self) -> String {
        let axis = |axis: &Axis| {
            if axis.log {
                format!("{} (logarithmic)", axis.label)
            } else {
                axis.label.clone()
            }
        };
        let panel = |panel: &Panel| {
            let series = panel.series.iter().map(|series| {
                let kind = match series.style {
                    Style::Line => "line",
                    Style::Points => "points",
                    Style::Theory => "dashed line",
                };
                format!("{} ({kind})", series.name)
            });
            let series: Vec<String> = series.collect();
            let (x, y) = (axis(&panel.x), axis(&panel.y));
            format!("{y} against {x}: {}.", series.join(", "))
        };
        let panels: Vec<String> = self.panels.iter().map(panel).collect();
        format!("{}. {}", self.title, panels.join(" "))
    }

    /// The data: panel, series, x, y, half width; a row for each point.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_record(["panel", "series", "x", "y", "half_width"]);
        for (i, panel) in self.panels.iter().enumerate() {
            for series in &panel.series {
                for [x, y, half_width] in &series.points {
                    let numbers = [x, y, half_width].map(f64::to_string);
                    let [x, y, half_width] = numbers;
                    let _ = writer.write_record([
                        (i + 1).to_string(),
                        series.name.clone(),
                        x,
                        y,
                        half_width,
                    ]);
                }
            }
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }
}
