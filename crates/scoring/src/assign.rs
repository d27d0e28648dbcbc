//! Assigning calls to calls, optimally.

/// The largest matching of rows to columns: for each row its column. Kuhn's augmenting paths.
///
/// `fits[r][c]` says whether row r may have column c.
pub(crate) fn matching(fits: &[Vec<bool>], columns: usize) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    for row in 0..fits.len() {
        augment(fits, row, &mut owner);
    }
    let mut out = vec![None; fits.len()];
    for (column, row) in owner.into_iter().enumerate() {
        if let Some(row) = row {
            out[row] = Some(column);
        }
    }
    out
}

/// Looks, breadth first (no recursion on foreign data), for a path that gives `row` a column.
fn augment(fits: &[Vec<bool>], row: usize, owner: &mut [Option<usize>]) {
    let mut reached_from: Vec<Option<usize>> = vec![None; owner.len()];
    let mut queue = std::collections::VecDeque::from([row]);
    while let Some(current) = queue.pop_front() {
        for column in 0..owner.len() {
            if !fits[current][column] || reached_from[column].is_some() {
                continue;
            }
            reached_from[column] = Some(current);
            if let Some(next) = owner[column] {
                queue.push_back(next);
                continue;
            }
            // Turn the path around: each row on it gives up its column for the next.
            let mut free = Some(column);
            while let Some(column) = free {
                let taker = reached_from[column].unwrap_or(row);
                free = owner.iter().position(|o| *o == Some(taker));
                owner[column] = Some(taker);
                if taker == row {
                    break;
                }
                if let Some(old) = free {
                    owner[old] = None;
                }
            }
            return;
        }
    }
}

/// The longest common subsequence: for each row its column, both increasing.
pub(crate) fn in_order(fits: &[Vec<bool>], columns: usize) -> Vec<Option<usize>> {
    let rows = fits.len();
    let mut best = vec![vec![0_usize; columns + 1]; rows + 1];
    for r in (0..rows).rev() {
        for c in (0..columns).rev() {
            let with = if fits[r][c] { best[r + 1][c + 1] + 1 } else { 0 };
            best[r][c] = with.max(best[r + 1][c]).max(best[r][c + 1]);
        }
    }
    let (mut r, mut c) = (0, 0);
    let mut out = vec![None; rows];
    while r < rows && c < columns {
        if fits[r][c] && best[r][c] == best[r + 1][c + 1] + 1 {
            out[r] = Some(c);
            r += 1;
            c += 1;
        } else if best[r + 1][c] >= best[r][c + 1] {
            r += 1;
        } else {
            c += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By trying everything.
    fn largest(fits: &[Vec<bool>], used: u32) -> usize {
        let Some((first, rest)) = fits.split_first() else { return 0 };
        let without = largest(rest, used);
        (0..first.len())
            .filter(|c| first[*c] && used & (1 << c) == 0)
            .map(|c| 1 + largest(rest, used | (1 << c)))
            .fold(without, usize::max)
    }

    #[test]
    fn a_greedy_choice_is_taken_back() {
        let fits = vec![vec![true, true], vec![true, false]];
        assert_eq!(matching(&fits, 2), [Some(1), Some(0)]);
    }

    proptest! {
        #[test]
        fn a_matching_is_the_largest_there_is(fits in prop::collection::vec(prop::collection::vec(any::<bool>(), 5), 0..6)) {
            let found = matching(&fits, 5);
            let mut columns: Vec<_> = found.iter().flatten().collect();
            prop_assert!(found.iter().enumerate().all(|(r, c)| c.is_none_or(|c| fits[r][c])));
            prop_assert_eq!(columns.len(), largest(&fits, 0));
            columns.sort();
            columns.dedup();
            prop_assert_eq!(columns.len(), found.iter().flatten().count());
            let ordered: Vec<_> = in_order(&fits, 5).into_iter().flatten().collect();
            prop_assert!(ordered.windows(2).all(|w| w[0] < w[1]) && ordered.len() <= columns.len());
        }
    }
}
