//! Figures as SVG.

use super::{Axis, Figure, Panel, Style};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::ops::Range;

/// One panel's size in points.
const SIZE: (u32, u32) = (520, 430);
/// Colours that differ in print and for the colour-blind (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

impl Figure {
    /// The figure as the text of an SVG file.
    ///
    /// # Errors
    /// What the drawing library has to say.
    pub fn svg(&self) -> Result<String, String> {
        let mut text = String::new();
        let columns = self.panels.len().max(1);
        let width = SIZE.0 * u32::try_from(columns).unwrap_or(1);
        {
            let root = SVGBackend::with_string(&mut text, (width, SIZE.1)).into_drawing_area();
            draw(&root, self, columns).map_err(|error| format!("{}: {error}", self.title))?;
        }
        // For readers that hear the figure.
        let title = format!("<title>{}</title>", escape(&self.title));
        if let Some(end) = text.find('>') {
            text.insert_str(end + 1, &title);
        }
        Ok(text)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

type Failure<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw<'a>(root: &Area<'a>, figure: &Figure, columns: usize) -> Result<(), Failure<'a>> {
    root.fill(&WHITE)?;
    let root = root.titled(&figure.title, ("sans-serif", 18))?;
    for (area, shown) in root.split_evenly((1, columns)).iter().zip(&figure.panels) {
        panel(area, shown)?;
    }
    root.present()
}

fn panel<'a>(area: &Area<'a>, panel: &Panel) -> Result<(), Failure<'a>> {
    let (x, y) = (scale(&panel.x, panel, 0), scale(&panel.y, panel, 1));
    let rows = i32::try_from(panel.series.len().div_ceil(2)).unwrap_or(0);
    let (above, area) = area.split_vertically(8 + ROW * rows);
    legend(&above, panel)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 12))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .draw()?;
    let coloured = panel.series.iter().zip(COLOURS.iter().cycle());
    let (theory, measured): (Vec<_>, Vec<_>) =
        coloured.partition(|(series, _)| series.style == Style::Theory);
    let mut dashes = DASHES.iter().cycle();
    // Theory on top: points would hide it.
    for (series, colour) in measured.into_iter().chain(theory) {
        let visible = |p: &&[f64; 3]| {
            let fits = |v: f64, axis: &Axis| v.is_finite() && (!axis.log || v > 0.0);
            fits(p[0], &panel.x) && fits(p[1], &panel.y)
        };
        let points: Vec<[f64; 3]> = series.points.iter().filter(visible).copied().collect();
        let line = points.iter().map(|p| (p[0], p[1]));
        let stroke = colour.stroke_width(2);
        match series.style {
            Style::Line => {
                chart.draw_series(LineSeries::new(line, stroke))?;
            }
            Style::Theory => {
                let (black, (dash, gap)) = (BLACK.stroke_width(2), next(&mut dashes));
                chart.draw_series(DashedLineSeries::new(line, dash, gap, black))?;
            }
            Style::Points => {
                let bars = points.iter().filter(|p| p[2].is_finite() && p[2] > 0.0);
                let lowest = |p: &[f64; 3]| {
                    if panel.y.log {
                        (p[1] - p[2]).max(p[1] / 10.0)
                    } else {
                        p[1] - p[2]
                    }
                };
                chart.draw_series(bars.map(|p| {
                    PathElement::new(vec![(p[0], lowest(p)), (p[0], p[1] + p[2])], stroke)
                }))?;
                chart.draw_series(line.map(|p| Circle::new(p, 4, colour.filled())))?;
            }
        }
    }
    Ok(())
}

/// The height of a line of the legend.
const ROW: i32 = 18;

/// Dashes and gaps of a panel's theories, in their order.
const DASHES: [(i32, i32); 3] = [(7, 4), (2, 3), (14, 3)];

fn next<'a>(dashes: &mut impl Iterator<Item = &'a (i32, i32)>) -> (i32, i32) {
    dashes.next().copied().unwrap_or(DASHES[0])
}

/// The series' names, two on a line, above the axes: there they cover nothing.
fn legend<'a>(area: &Area<'a>, panel: &Panel) -> Result<(), Failure<'a>> {
    let half = i32::try_from(area.dim_in_pixel().0 / 2).unwrap_or(0);
    let entries = panel.series.iter().zip(COLOURS.iter().cycle());
    let mut dashes = DASHES.iter().cycle();
    for (i, (series, colour)) in (0..).zip(entries) {
        let (x, y) = (64 + (i % 2) * (half - 32), 12 + (i / 2) * ROW);
        let ends = |from: i32, to: i32| vec![(x + from, y), (x + to, y)];
        match series.style {
            Style::Line => area.draw(&PathElement::new(ends(0, 22), colour.stroke_width(2)))?,
            Style::Theory => {
                let (dash, gap) = next(&mut dashes);
                let mut from = 0;
                while from < 30 {
                    let end = (from + dash).min(30);
                    area.draw(&PathElement::new(
                        ends(from - 4, end - 4),
                        BLACK.stroke_width(2),
                    ))?;
                    from += dash + gap;
                }
            }
            Style::Points => area.draw(&Circle::new((x + 11, y), 4, colour.filled()))?,
        }
        let name = Text::new(series.name.clone(), (x + 30, y - 7), ("sans-serif", 14));
        area.draw(&name)?;
    }
    Ok(())
}

/// An axis that is linear or logarithmic, as the data asks.
#[derive(Clone)]
struct Scale {
    range: Range<f64>,
    log: bool,
}

/// The range of all points, with a little room.
fn scale(axis: &Axis, panel: &Panel, coordinate: usize) -> Scale {
    let all = panel.series.iter().flat_map(|series| &series.points);
    let values = all
        .map(|p| p[coordinate])
        .filter(|v| v.is_finite() && (!axis.log || *v > 0.0));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let range = match (axis.log, low <= high) {
        (_, false) => 0.1..1.0,
        (true, _) => {
            let room = libm::pow(high / low, 0.06).max(1.1);
            low / room..high * room
        }
        (false, _) => {
            let room = if high > low {
                0.06 * (high - low)
            } else {
                0.1 * low.abs().max(1.0)
            };
            low - room..high + room
        }
    };
    Scale {
        range,
        log: axis.log,
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let position = |v: f64| if self.log { libm::log(v) } else { v };
        let (low, high) = (position(self.range.start), position(self.range.end));
        let part = (position(*value) - low) / (high - low);
        let length = f64::from(limit.1 - limit.0);
        limit.0 + libm::round(part * length) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let count = hint.max_num_points().clamp(2, 8);
        if !self.log {
            let linear: plotters::coord::types::RangedCoordf64 = self.range.clone().into();
            return linear.key_points(count);
        }
        let low = libm::ceil(libm::log10(self.range.start)) as i32;
        let high = libm::floor(libm::log10(self.range.end)) as i32;
        let decades = (low..=high).map(|k| libm::pow(10.0, f64::from(k)));
        if high - low >= 1 {
            let every = (high - low + 1).max(1).unsigned_abs() as usize / count + 1;
            return decades.step_by(every).collect();
        }
        // Less than two decades: 1, 2 and 5 of each.
        let steps = (low - 1..=high)
            .flat_map(|k| [1.0, 2.0, 5.0].map(|m| m * libm::pow(10.0, f64::from(k))));
        steps.filter(|v| self.range.contains(v)).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let size = value.abs();
        if size != 0.0 && !(1e-3..1e5).contains(&size) {
            return format!("{value:.0e}");
        }
        // Ticks are short decimals up to rounding.
        let text = format!("{value:.6}");
        let short = text.trim_end_matches('0').trim_end_matches('.');
        if short == "-0" {
            "0".to_owned()
        } else {
            short.to_owned()
        }
    }
}
