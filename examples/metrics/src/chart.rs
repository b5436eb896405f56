//! The picture: above the line the 412s by reason, below it what was saved.

use std::fmt::Write;

use crate::history::{STEPS, Save, Step};

const WIDTH: usize = 440;
const HEIGHT: usize = 176;

/// From one bar to the next, and of that the bar.
const PITCH: usize = 7;
const BAR: usize = 6;

/// The line between what was refused and what was saved, and how far bars reach from it.
const LINE: f64 = 102.0;
const ABOVE: f64 = 64.0;
const BELOW: f64 = 48.0;

/// The scale is made for at least this many saves, so that a single one does not fill the chart.
const FEWEST: u32 = 10;

/// Draws the steps as SVG. Text has the colour of the text around it, and bars have colours that are seen on white and on black.
pub(crate) fn draw(steps: &[Step], title: &str) -> String {
    let most = |count: fn(&Step) -> u32| steps.iter().map(count).max().unwrap_or(0).max(FEWEST);
    let highest = f64::from(most(Step::refused));
    let lowest = f64::from(most(|step| step.count(Save::Done)));
    // One scale for both directions.
    let unit = (ABOVE / highest).min(BELOW / lowest);

    let mut bars = [const { String::new() }; Save::ALL.len()];
    let mut marks = String::new();
    // The newest step is always at the right.
    for (at, step) in (STEPS - steps.len()..).zip(steps) {
        let left = 10 + at * PITCH;
        let mut top = LINE;
        for save in Save::ALL {
            let height = f64::from(step.count(save)) * unit;
            if height == 0.0 {
                continue;
            }
            let y = if save == Save::Done {
                LINE + 1.0
            } else {
                top -= height;
                top
            };
            let _ = write!(
                bars[save as usize],
                "M{left} {y:.1}h{BAR}v{height:.1}h-{BAR}z"
            );
        }
        if let Some(mark) = step.mark {
            mark_at(left, mark, &mut marks);
        }
    }
    let kinds = || {
        Save::ALL
            .into_iter()
            .zip(&bars)
            .filter(|(_, bars)| !bars.is_empty())
    };
    let paths: String = kinds().map(|(save, bars)| path(save, bars)).collect();
    let right = WIDTH - 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         style=\"max-width:100%\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\" role=\"img\">\n\
         <title>{title}</title>\n\
         <text x=\"10\" y=\"16\" font-size=\"14\">{title}</text>\n\
         {paths}{marks}<path d=\"M10 {LINE}H{right}\" stroke=\"currentColor\"/>\n{}</svg>\n",
        legend(kinds().map(|(save, _)| save)),
    )
}

fn path(save: Save, bars: &str) -> String {
    let (_, colour) = look(save);
    format!("<path fill=\"{colour}\" d=\"{bars}\"/>\n")
}

/// What was done to the service, at the step in which it was done.
fn mark_at(left: usize, mark: &str, marks: &mut String) {
    let x = left - 1;
    let _ = writeln!(
        marks,
        "<path d=\"M{x} 26V{LINE}\" stroke=\"currentColor\" stroke-dasharray=\"3 3\"/>\n\
         <text x=\"{x}\" y=\"36\" dx=\"-5\" text-anchor=\"end\">{mark}</text>"
    );
}

fn legend(kinds: impl Iterator<Item = Save>) -> String {
    let mut left = 10;
    kinds.fold(String::new(), |mut legend, save| {
        let (words, colour) = look(save);
        let _ = writeln!(
            legend,
            "<rect x=\"{left}\" y=\"159\" width=\"10\" height=\"10\" fill=\"{colour}\"/><text x=\"{}\" y=\"168\">{words}</text>",
            left + 15
        );
        left += 32 + words.len() * 6;
        legend
    })
}

/// The words and the colour of a kind of bar.
const fn look(save: Save) -> (&'static str, &'static str) {
    match save {
        Save::Done => ("saved", "#8a919a"),
        Save::Stale => ("stale", "#e8a317"),
        Save::StaleForLong => ("stale, 10 versions or more", "#d4471c"),
        Save::OtherEpoch => ("other_epoch", "#2f86d6"),
        Save::WeakTag => ("weak_tag", "#a05ad0"),
        Save::RewrittenTag => ("rewritten_tag", "#d0589f"),
        Save::OtherReason => ("other reason", "#2a9d8f"),
    }
}
