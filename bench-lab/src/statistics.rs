//! The few statistics the lab needs, each of a handful of rounds.

use rand::RngExt;

use crate::workload::generator;

/// How often the rounds are drawn anew for an interval.
const RESAMPLES: usize = 2_000;

/// Below this many rounds an interval would claim more than the rounds can tell.
pub const ROUNDS_FOR_INTERVAL: usize = 3;

/// The middle of some figures, the mean of the middle two if there is no single one. `None` if
/// there are no figures or one is not a number.
#[must_use]
pub fn median(figures: &[f64]) -> Option<f64> {
    if figures.is_empty() || figures.iter().any(|figure| figure.is_nan()) {
        return None;
    }
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    })
}

/// The 95 % interval of the median by the percentile bootstrap: from the 2.5th to the 97.5th
/// percentile of the medians of samples drawn with replacement. The same figures and seed give
/// the same interval. `None` below [`ROUNDS_FOR_INTERVAL`] figures, or if one is not a number.
#[must_use]
pub fn median_interval(figures: &[f64], seed: u64) -> Option<(f64, f64)> {
    bootstrap(figures, seed, median)
}

/// The 95 % interval of the ratio of two medians, likewise. A round of both, in which they had
/// their turns close to each other, is drawn or not drawn as one: what the machine did to both
/// in that round does not make them differ.
#[must_use]
pub fn ratio_interval(rounds: &[(f64, f64)], seed: u64) -> Option<(f64, f64)> {
    bootstrap(rounds, seed, |sample| {
        let [above, below]: [Vec<f64>; 2] = [
            sample.iter().map(|round| round.0).collect(),
            sample.iter().map(|round| round.1).collect(),
        ];
        let ratio = median(&above)? / median(&below)?;
        ratio.is_finite().then_some(ratio)
    })
}

/// The percentile bootstrap of a statistic that some samples may not have; then there is no
/// interval.
fn bootstrap<T: Copy>(
    figures: &[T],
    seed: u64,
    statistic: impl Fn(&[T]) -> Option<f64>,
) -> Option<(f64, f64)> {
    if figures.len() < ROUNDS_FOR_INTERVAL {
        return None;
    }
    statistic(figures)?;
    let mut random = generator(seed, &[0xb007]);
    let resample = |_| {
        let sample: Vec<T> = (0..figures.len())
            .map(|_| figures[random.random_range(0..figures.len())])
            .collect();
        statistic(&sample)
    };
    let mut resampled: Vec<f64> = (0..RESAMPLES).map(resample).collect::<Option<_>>()?;
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled[((resampled.len() - 1) as f64 * share).round() as usize];
    Some((at(0.025), at(0.975)))
}

/// Jain's fairness index: 1 when all have the same, 1/n when one has everything. `None` if there
/// is nothing to share.
#[must_use]
pub fn jain(shares: &[f64]) -> Option<f64> {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;

    #[test]
    fn median_of_odd_even_none_and_nan() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn interval_holds_the_median_and_depends_on_the_seed_only() {
        let figures = [10.0, 12.0, 11.0, 30.0, 9.0, 10.5, 11.5];
        let (lo, hi) = median_interval(&figures, 1).unwrap();
        assert!(lo <= 11.0 && 11.0 <= hi);
        assert!(lo >= 9.0 && hi <= 30.0);
        assert_eq!(median_interval(&figures, 1), Some((lo, hi)));
    }

    #[test]
    fn interval_covers_the_true_median_about_as_often_as_it_says() {
        let mut random = generator(9, &[1]);
        let covered = (0..200)
            .filter(|trial| {
                let figures: Vec<f64> = (0..11).map(|_| random.random::<f64>()).collect();
                let (lo, hi) = median_interval(&figures, *trial).unwrap();
                (lo..=hi).contains(&0.5)
            })
            .count();
        assert!(covered > 175, "{covered} of 200");
    }

    #[test]
    fn a_ratio_does_not_suffer_from_what_both_suffered() {
        // The machine halves its speed now and then; one is always a fifth faster.
        let speeds = [1.0, 0.5, 1.1, 0.5, 0.9, 1.0, 0.45, 1.05, 0.95];
        let rounds = speeds.map(|speed| (1.2 * speed, speed));
        let (lo, hi) = ratio_interval(&rounds, 1).unwrap();
        assert!((lo - 1.2).abs() < 1e-9 && (hi - 1.2).abs() < 1e-9);
        // Shuffled against each other, the same figures tell less.
        let mut apart = rounds;
        for (round, speed) in apart.iter_mut().zip(speeds.into_iter().rev()) {
            round.1 = speed;
        }
        let (lo, hi) = ratio_interval(&apart, 1).unwrap();
        assert!(lo < 1.1 && hi > 1.3, "{lo} {hi}");
        assert_eq!(ratio_interval(&rounds[..2], 1), None);
        assert_eq!(ratio_interval(&[(1.0, 0.0); 5], 1), None);
    }

    #[test]
    fn interval_needs_rounds_and_numbers() {
        assert_eq!(median_interval(&[1.0, 2.0], 1), None);
        assert_eq!(median_interval(&[1.0, f64::NAN, 2.0], 1), None);
        assert_eq!(median_interval(&[5.0; 5], 1), Some((5.0, 5.0)));
    }

    #[test]
    fn jain_from_fair_to_unfair() {
        assert_eq!(jain(&[5.0, 5.0, 5.0, 5.0]), Some(1.0));
        assert_eq!(jain(&[8.0, 0.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(jain(&[7.0]), Some(1.0));
        assert_eq!(jain(&[0.0, 0.0]), None);
        assert_eq!(jain(&[]), None);
    }
}
