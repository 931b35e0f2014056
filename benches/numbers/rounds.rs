//! Turn by turn: contenders are measured alternately, so that what disturbs the machine disturbs all of them.

/// Runs every contender once a round, in an order that is shuffled anew in each. For each contender, what it returned.
pub(crate) fn interleaved(
    rounds: usize,
    contenders: &mut [&mut dyn FnMut() -> f64],
) -> Vec<Vec<f64>> {
    let mut results = vec![Vec::with_capacity(rounds); contenders.len()];
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for _ in 0..rounds {
        fastrand::shuffle(&mut order);
        for &at in &order {
            results[at].push(contenders[at]());
        }
    }
    results
}

/// The value below which `share` of all lie.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((last * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The median of the ratios within each round.
pub(crate) fn median_ratio(over: &[f64], under: &[f64]) -> f64 {
    let ratios: Vec<f64> = over.iter().zip(under).map(|(a, b)| a / b).collect();
    median(&ratios)
}
