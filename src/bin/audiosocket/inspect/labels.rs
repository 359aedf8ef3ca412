//! Letters along a time axis.

use std::time::Duration;

/// Letters with their times, in bounded memory.
#[derive(Debug, Default)]
pub struct Labels {
    labels: Vec<(Duration, char)>,
    count: usize,
}

/// Letters so close together that they share a box.
#[derive(Debug, PartialEq)]
pub struct Cluster {
    /// Pixels at which the letters belong.
    pub places: Vec<f64>,
    /// Left edge of the box. `width` is its width.
    pub left: f64,
    pub width: f64,
    pub text: String,
    /// Whether the text only gives the number of letters.
    pub is_crowd: bool,
}

/// Limit of the stored letters, far more than fit in a picture.
const MOST: usize = 4000;
/// Limit of the letters in a box. Beyond it, the box shows only their number.
const MOST_IN_BOX: usize = 16;
const LETTER_WIDTH: f64 = 9.0;
const PADDING: f64 = 6.0;
const BETWEEN: f64 = 2.0;

impl Labels {
    pub fn add(&mut self, at: Duration, letter: char) {
        self.count += 1;
        if self.labels.len() < MOST {
            self.labels.push((at, letter));
        }
    }

    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns the boxes from left to right. No two overlap, and none extends beyond `right`.
    pub fn clusters(&self, x_of: impl Fn(Duration) -> f64, right: f64) -> Vec<Cluster> {
        let mut labels = self.labels.clone();
        labels.sort_by_key(|(at, _)| *at);
        let mut clusters: Vec<(Vec<f64>, Vec<char>)> = Vec::new();
        for (at, letter) in labels {
            let x = x_of(at);
            // A box grows to the right. So it may reach the next box, but never the previous one.
            let is_near = |first: &[f64], letters: &[char]| x < first[0] + width(letters) + BETWEEN;
            match clusters.last_mut() {
                Some((places, letters)) if is_near(places, letters) => {
                    letters.push(letter);
                    if places.last().is_some_and(|last| x - last >= 1.0) {
                        places.push(x);
                    }
                }
                _ => clusters.push((vec![x], vec![letter])),
            }
        }
        // A box with too little space before the right edge is merged into the one before it.
        while let [.., (before, before_letters), (last, letters)] = &mut clusters[..] {
            let left = right - width(letters);
            if left >= left_of(before) + width(before_letters) + BETWEEN {
                break;
            }
            before.append(last);
            before_letters.append(letters);
            clusters.pop();
        }
        clusters
            .into_iter()
            .map(|(places, letters)| {
                let width = width(&letters);
                Cluster {
                    left: left_of(&places).min(right - width),
                    width,
                    is_crowd: letters.len() > MOST_IN_BOX,
                    text: text(&letters),
                    places,
                }
            })
            .collect()
    }
}

/// Returns the left edge of a box whose first letter is centred at its place.
fn left_of(places: &[f64]) -> f64 {
    let first = places.first().copied().unwrap_or_default();
    first - (LETTER_WIDTH + PADDING) / 2.0
}

fn text(letters: &[char]) -> String {
    if letters.len() > MOST_IN_BOX {
        format!("{} digits", letters.len())
    } else {
        letters.iter().collect()
    }
}

fn width(letters: &[char]) -> f64 {
    text(letters).chars().count() as f64 * LETTER_WIDTH + PADDING
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn x_of(at: Duration) -> f64 {
        at.as_secs_f64() * 10.0
    }

    fn texts(labels: &Labels) -> Vec<String> {
        let boxes = labels.clusters(x_of, 1000.0);
        boxes.into_iter().map(|cluster| cluster.text).collect()
    }

    #[test]
    fn overlapping_letters_share_a_box() {
        let mut labels = Labels::default();
        for (seconds, letter) in [(1.0, '1'), (1.5, '2'), (9.0, '#'), (99.99, 'A')] {
            labels.add(Duration::from_secs_f64(seconds), letter);
        }
        assert_eq!(texts(&labels), ["12", "#", "A"]);
        let last = &labels.clusters(x_of, 1000.0)[2];
        assert_eq!(last.places, [999.9]);
        assert_eq!(last.left + last.width, 1000.0);
        assert_eq!(labels.clusters(x_of, 1000.0)[0].places, [10.0, 15.0]);
        for _ in 0..5000 {
            labels.add(Duration::from_secs(50), '7');
        }
        assert_eq!(texts(&labels), ["12", "#", "3996 digits", "A"]);
        assert_eq!(labels.count(), 5004);
    }

    proptest! {
        #[test]
        fn label_boxes_do_not_overlap(times in prop::collection::vec(0_u64..100_000, 0..80)) {
            let mut labels = Labels::default();
            for at in &times {
                labels.add(Duration::from_millis(*at), '5');
            }
            let boxes = labels.clusters(x_of, 1000.0);
            for pair in boxes.windows(2) {
                prop_assert!(pair[0].left + pair[0].width < pair[1].left);
            }
            for one in &boxes {
                prop_assert!(one.left + one.width <= 1000.0);
            }
        }
    }
}
