//! Line plots as SVG: one for each thing that the cost may grow with.

use std::fmt::Write as _;

/// A plot: its lines share both axes.
pub struct Plot {
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub name: String,
    /// In ascending order of x, which is above zero.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 3] = ["#1f77b4", "#ff7f0e", "#2ca02c"];

impl Plot {
    /// Both axes are logarithmic, so that proportional growth is a straight line of slope one.
    pub fn to_svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let x = Axis::over(all().map(|point| point.0), LEFT, WIDTH - RIGHT);
        let y = Axis::over(all().map(|point| point.1), HEIGHT - BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let middle = WIDTH / 2.0;
        text(&mut svg, (middle, 20.0), "middle", self.title);
        text(&mut svg, (middle, HEIGHT - 12.0), "middle", self.x);
        text(&mut svg, (8.0, TOP - 12.0), "start", self.y);
        for power in x.powers() {
            let at = x.place(power);
            rule(&mut svg, (at, TOP), (at, HEIGHT - BOTTOM));
            text(
                &mut svg,
                (at, HEIGHT - BOTTOM + 18.0),
                "middle",
                &amount(power),
            );
        }
        for power in y.powers() {
            let at = y.place(power);
            rule(&mut svg, (LEFT, at), (WIDTH - RIGHT, at));
            text(&mut svg, (LEFT - 8.0, at + 4.0), "end", &amount(power));
        }
        for (index, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let points: Vec<String> = line
                .points
                .iter()
                .map(|&(at, value)| format!("{:.1},{:.1}", x.place(at), y.place(value)))
                .collect();
            let path = points.join(" ");
            writeln!(
                svg,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            )
            .expect("a string takes all");
            for point in &points {
                let (at, value) = point.split_once(',').expect("a pair");
                writeln!(
                    svg,
                    "<circle cx=\"{at}\" cy=\"{value}\" r=\"3\" fill=\"{colour}\"/>"
                )
                .expect("a string takes all");
            }
            let at = TOP + 16.0 + 16.0 * index as f64;
            writeln!(
                svg,
                "<text x=\"{}\" y=\"{at}\" fill=\"{colour}\">{}</text>",
                LEFT + 12.0,
                line.name
            )
            .expect("a string takes all");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    low: i32,
    high: i32,
    start: f64,
    end: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let (mut low, mut high) = (f64::MAX, f64::MIN);
        for value in values {
            (low, high) = (low.min(value), high.max(value));
        }
        let low = low.log10().floor() as i32;
        Self {
            low,
            high: (high.log10().ceil() as i32).max(low + 1),
            start,
            end,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.start + share * (self.end - self.start)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        (self.low..=self.high).map(|power| 10_f64.powi(power))
    }
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
        from.0, from.1, to.0, to.1
    )
    .expect("a string takes all");
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
        at.0, at.1
    )
    .expect("a string takes all");
}

/// 1000 as 1k.
fn amount(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}
