//! The order of milestones, and the best way to find them in an episode.
//!
//! Milestones form a directed acyclic graph. A *mapping* gives each of them a point of the episode,
//! none a point before those of the milestones it comes after; several may share one. Looked for is a
//! mapping of the greatest sum of weights, and it is found exactly:
//!
//! 1. Edges that follow from others are left out.
//! 2. A milestone with one neighbour left is folded into it: wherever the neighbour is put, the best
//!    place of the other is known. What folds away altogether (chains, trees, forests) costs time in
//!    proportion to milestones × points.
//! 3. What is left is solved point by point over the *downsets* of the graph: the sets of milestones
//!    that may have been placed so far. Their number is bounded when the criterion is compiled, so that
//!    the work for an episode is in proportion to its length.

/// The most milestones: sets of them are bits of a word.
pub(super) const MOST: usize = 32;

/// The most downsets of what does not fold away: those of a dozen milestones between a common first
/// and a common last one fit.
const DOWNSETS: usize = 5000;

/// Why milestones have no usable order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    /// These come after each other in a circle.
    Cycle(Vec<usize>),
    /// There are too many orders in which they could be reached.
    TooWide,
}

/// An order, prepared.
#[derive(Debug)]
pub(super) struct Order {
    folds: Vec<Fold>,
    /// The milestones that do not fold away.
    core: Vec<usize>,
    /// For each downset of the core (the empty one first, each behind all it contains): which member
    /// may be placed next, and which downset that makes.
    steps: Vec<Vec<(usize, usize)>>,
}

/// A milestone that is placed once its neighbour is.
#[derive(Clone, Copy, Debug)]
struct Fold {
    milestone: usize,
    neighbour: Option<usize>,
    /// Whether it comes after its neighbour, else before.
    after: bool,
}

impl Order {
    /// `after[m]`: the milestones that m comes after. At most [`MOST`], without duplicates.
    pub(super) fn new(after: &[Vec<usize>]) -> Result<Self, Disorder> {
        let count = after.len();
        let mut parents: Vec<u32> = after.iter().map(|list| list.iter().fold(0, |set, p| set | (1 << p))).collect();
        let sorted = topological(&parents)?;
        // All that comes before each, near or far.
        let mut ancestors = vec![0_u32; count];
        for &m in &sorted {
            let near = members(parents[m]);
            ancestors[m] = near.fold(parents[m], |set, p| set | ancestors[p]);
        }
        for set in &mut parents {
            let implied = members(*set).fold(0, |implied, p| implied | ancestors[p]);
            *set &= !implied;
        }
        let (folds, core) = fold(&parents, &sorted);
        let steps = downsets(&parents, &core)?;
        Ok(Self { folds, core, steps })
    }

    /// For each milestone its point in a best mapping. `weights[m][p]`: what m is worth at point p, at
    /// least 0; there is at least one point.
    pub(super) fn assign(&self, mut weights: Vec<Vec<f64>>) -> Vec<usize> {
        for fold in &self.folds {
            let Some(neighbour) = fold.neighbour else { continue };
            let gain = reachable(&weights[fold.milestone], fold.after);
            weights[neighbour].iter_mut().zip(gain).for_each(|(weight, gain)| *weight += gain);
        }
        let mut points = vec![0; weights.len()];
        self.place_core(&weights, &mut points);
        for fold in self.folds.iter().rev() {
            let own = &weights[fold.milestone];
            let (from, to) = match fold.neighbour {
                None => (0, own.len()),
                Some(n) if fold.after => (points[n], own.len()),
                Some(n) => (0, points[n] + 1),
            };
            points[fold.milestone] =
                (from..to).reduce(|best, p| if own[p] > own[best] { p } else { best }).unwrap_or(from);
        }
        points
    }

    fn place_core(&self, weights: &[Vec<f64>], points: &mut [usize]) {
        if self.core.is_empty() {
            return;
        }
        /// The best known way to have placed a downset: its worth, and the members' points.
        type Best = Option<(f64, [u32; MOST])>;
        let mut best: Vec<Best> = vec![None; self.steps.len()];
        best[0] = Some((0.0, [0; MOST]));
        let worth_at = |member: usize, point: usize| weights[self.core[member]][point];
        let length = weights[self.core[0]].len();
        for point in 0..length {
            // Larger downsets stand behind: what is placed here may be followed by more here.
            for set in 0..self.steps.len() {
                let Some((worth, at)) = best[set] else { continue };
                for (member, next) in &self.steps[set] {
                    let worth = worth + worth_at(*member, point);
                    if best[*next].is_none_or(|(known, _)| worth > known) {
                        let mut at = at;
                        at[*member] = u32::try_from(point).unwrap_or(u32::MAX);
                        best[*next] = Some((worth, at));
                    }
                }
            }
        }
        if let Some(Some((_, at))) = best.last() {
            self.core.iter().zip(at).for_each(|(milestone, point)| points[*milestone] = *point as usize);
        }
    }
}

fn members(set: u32) -> impl Iterator<Item = usize> {
    (0..MOST).filter(move |m| set & (1 << m) != 0)
}

/// Each behind those it comes after.
fn topological(parents: &[u32]) -> Result<Vec<usize>, Disorder> {
    let (mut placed, mut sorted) = (0_u32, Vec::with_capacity(parents.len()));
    while sorted.len() < parents.len() {
        let free = |m: &usize| placed & (1 << m) == 0 && parents[*m] & !placed == 0;
        let Some(next) = (0..parents.len()).find(free) else { return Err(Disorder::Cycle(cycle(parents, placed))) };
        placed |= 1 << next;
        sorted.push(next);
    }
    Ok(sorted)
}

/// A circle among those that could not be placed: each of them comes after another of them.
fn cycle(parents: &[u32], placed: u32) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..parents.len()).find(|m| placed & (1 << m) == 0);
    while let Some(m) = at {
        if let Some(begin) = path.iter().position(|known| *known == m) {
            return path.split_off(begin);
        }
        path.push(m);
        at = members(parents[m] & !placed).next();
    }
    path
}

/// Takes away milestones with at most one neighbour, one by one; and what is left, in order.
fn fold(parents: &[u32], sorted: &[usize]) -> (Vec<Fold>, Vec<usize>) {
    let mut left: u32 = sorted.iter().fold(0, |set, m| set | (1 << m));
    let children =
        |m: usize| sorted.iter().filter(|c| parents[**c] & (1 << m) != 0).fold(0_u32, |set, c| set | (1 << c));
    let mut folds = Vec::new();
    loop {
        let foldable = members(left).find_map(|m| {
            let (up, down) = (parents[m] & left, children(m) & left);
            let neighbour = match (up.count_ones(), down.count_ones()) {
                (0, 0) => None,
                (1, 0) => members(up).next(),
                (0, 1) => members(down).next(),
                _ => return None,
            };
            Some(Fold { milestone: m, neighbour, after: up != 0 })
        });
        let Some(fold) = foldable else { break };
        left &= !(1 << fold.milestone);
        folds.push(fold);
    }
    (folds, sorted.iter().copied().filter(|m| left & (1 << m) != 0).collect())
}

/// Every downset of the core, with what may be placed next in it.
fn downsets(parents: &[u32], core: &[usize]) -> Result<Vec<Vec<(usize, usize)>>, Disorder> {
    // As bits of places in the core, which is sorted: so a set's number is larger than those of its parts.
    let within =
        |set: u32| core.iter().enumerate().filter(|(_, m)| set & (1 << **m) != 0).fold(0_u32, |s, (i, _)| s | (1 << i));
    let needs: Vec<u32> = core.iter().map(|m| within(parents[*m])).collect();
    let mut known = std::collections::BTreeSet::from([0_u32]);
    let mut fresh = vec![0_u32];
    while let Some(set) = fresh.pop() {
        for (i, needed) in needs.iter().enumerate() {
            let next = set | (1 << i);
            if next != set && needed & !set == 0 && known.insert(next) {
                fresh.push(next);
            }
        }
        if known.len() > DOWNSETS {
            return Err(Disorder::TooWide);
        }
    }
    let sets: Vec<u32> = known.into_iter().collect();
    let place = |set: u32| sets.binary_search(&set).ok();
    Ok(sets
        .iter()
        .map(|set| {
            let free = needs.iter().enumerate().filter(|(i, needed)| set & (1 << i) == 0 && **needed & !set == 0);
            free.filter_map(|(i, _)| Some((i, place(set | (1 << i))?))).collect()
        })
        .collect())
}

/// For each point, the most that is to be had from there on, or up to there.
fn reachable(weights: &[f64], onward: bool) -> Vec<f64> {
    let mut out = weights.to_vec();
    for i in 1..out.len() {
        if onward {
            let at = out.len() - 1 - i;
            out[at] = out[at].max(out[at + 1]);
        } else {
            out[i] = out[i].max(out[i - 1]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The greatest sum, by trying every mapping.
    fn exhaustive(after: &[Vec<usize>], weights: &[Vec<f64>], points: &mut Vec<usize>) -> f64 {
        let m = points.len();
        if m == weights.len() {
            let fits = after.iter().enumerate().all(|(m, list)| list.iter().all(|p| points[*p] <= points[m]));
            let sum = points.iter().enumerate().map(|(m, p)| weights[m][*p]).sum();
            return if fits { sum } else { f64::NEG_INFINITY };
        }
        let mut best = f64::NEG_INFINITY;
        for p in 0..weights[m].len() {
            points.push(p);
            best = best.max(exhaustive(after, weights, points));
            points.pop();
        }
        best
    }

    /// Up to six milestones that may each come after any earlier one, named in a shuffled order.
    fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
        (1_usize..=6, any::<u64>(), any::<u64>()).prop_map(|(count, edges, shuffle)| {
            let mut names: Vec<usize> = (0..count).collect();
            for i in (1..count).rev() {
                names.swap(i, (shuffle >> (i * 8)) as usize % (i + 1));
            }
            let mut after = vec![Vec::new(); count];
            let mut bit = 0;
            for m in 1..count {
                for p in 0..m {
                    if edges >> bit & 1 == 1 {
                        after[names[m]].push(names[p]);
                    }
                    bit += 1;
                }
            }
            after
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_mapping_is_better_and_none_breaks_the_order(
            after in graphs(),
            drawn in prop::collection::vec(prop::collection::vec(0_u8..5, 4), 6),
        ) {
            let weights: Vec<Vec<f64>> =
                drawn[..after.len()].iter().map(|row| row.iter().map(|w| f64::from(*w) / 4.0).collect()).collect();
            let points = Order::new(&after).unwrap().assign(weights.clone());
            for (m, list) in after.iter().enumerate() {
                prop_assert!(list.iter().all(|p| points[*p] <= points[m]), "{points:?}");
            }
            let sum: f64 = points.iter().enumerate().map(|(m, p)| weights[m][*p]).sum();
            prop_assert_eq!(sum, exhaustive(&after, &weights, &mut Vec::new()));
        }
    }

    #[test]
    fn the_first_match_is_given_up_for_a_better_whole() {
        // The second is best early; taking the first one's full match late would forgo it.
        let order = Order::new(&[vec![], vec![0], vec![1]]).unwrap();
        let weights = vec![vec![0.6, 0.0, 1.0], vec![0.0, 1.0, 0.0], vec![0.0, 1.0, 0.0]];
        assert_eq!(order.assign(weights), [0, 1, 1]);
    }

    #[test]
    fn trees_fold_away_and_a_diamond_does_not() {
        let star: Vec<Vec<usize>> = std::iter::once(vec![]).chain((1..MOST).map(|_| vec![0])).collect();
        assert!(Order::new(&star).unwrap().core.is_empty());
        let diamond = Order::new(&[vec![], vec![0], vec![0], vec![1, 2]]).unwrap();
        assert_eq!((diamond.core.len(), diamond.steps.len()), (4, 6));
        // An edge that follows from others makes no diamond.
        assert!(Order::new(&[vec![], vec![0], vec![0, 1]]).unwrap().core.is_empty());
    }

    #[test]
    fn of_points_that_are_worth_the_same_the_first_is_taken() {
        let diamond = Order::new(&[vec![], vec![0], vec![0], vec![1, 2]]).unwrap();
        assert_eq!(diamond.assign(vec![vec![0.0, 1.0, 1.0, 1.0]; 4]), [1, 1, 1, 1]);
    }

    #[test]
    fn a_circle_is_named_and_too_wide_an_order_is_refused() {
        assert_eq!(Order::new(&[vec![], vec![3, 0], vec![1], vec![2]]).unwrap_err(), Disorder::Cycle(vec![1, 3, 2]));
        let wide = |width: usize| {
            let mut after = vec![vec![]];
            after.extend((0..width).map(|_| vec![0]));
            after.push((1..=width).collect());
            Order::new(&after).map(|_| ())
        };
        assert_eq!((wide(12), wide(13)), (Ok(()), Err(Disorder::TooWide)));
    }
}
