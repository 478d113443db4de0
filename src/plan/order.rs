//! Puts things behind what they need, without recursion: chains may be as long as a file.

use std::collections::HashSet;
use std::hash::Hash;

/// Calls `visit` for `start` and all that it needs, the needed ones first; what is in `done` is passed over. On a cycle
/// the thing that closes it is visited before what it needs: who visits finds that missing.
pub fn visit_needed_first<T: Clone + Eq + Hash>(
    start: T,
    is_done: impl Fn(&T) -> bool,
    needs: impl Fn(&T) -> Vec<T>,
    mut visit: impl FnMut(&T),
) {
    let mut entered: HashSet<T> = HashSet::new();
    let mut stack = vec![(start, false)];
    while let Some((item, ready)) = stack.pop() {
        if ready {
            visit(&item);
        } else if !is_done(&item) && entered.insert(item.clone()) {
            let needed = needs(&item);
            stack.push((item, true));
            // Reversed, so that the first one needed is visited first.
            stack.extend(needed.into_iter().rev().map(|needed| (needed, false)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::visit_needed_first;

    fn order(start: u32, needs: impl Fn(&u32) -> Vec<u32>) -> Vec<u32> {
        let visited = RefCell::new(Vec::new());
        visit_needed_first(
            start,
            |item| visited.borrow().contains(item),
            needs,
            |item| visited.borrow_mut().push(*item),
        );
        visited.into_inner()
    }

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let needs = |item: &u32| match item {
            4 => vec![2, 3],
            2 | 3 => vec![1],
            _ => Vec::new(),
        };
        assert_eq!(order(4, needs), [1, 2, 3, 4]);
    }

    #[test]
    fn a_cycle_ends() {
        assert_eq!(order(1, |item| vec![(item + 1) % 3]), [0, 2, 1]);
    }

    #[test]
    fn a_chain_as_long_as_a_file_needs_no_stack() {
        let visited = RefCell::new(0u32);
        let needs = |item: &u32| if *item == 0 { Vec::new() } else { vec![item - 1] };
        visit_needed_first(1_000_000, |_| false, needs, |_| *visited.borrow_mut() += 1);
        assert_eq!(visited.into_inner(), 1_000_001);
    }
}
