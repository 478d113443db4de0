//! Which of two lists' items are the same thing: by what they are called where they have names, else by what they say.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Pairs of indices into two lists; each index stands in one pair at most.
#[derive(Debug)]
pub struct Pairing {
    partner_of_old: Vec<Option<usize>>,
    partner_of_new: Vec<Option<usize>>,
}

impl Pairing {
    pub fn new(old: usize, new: usize) -> Self {
        Self { partner_of_old: vec![None; old], partner_of_new: vec![None; new] }
    }

    /// Pairs what has no partner yet and the same key, the first with the first; `None` has no key.
    pub fn pair<K: Hash + Eq>(&mut self, old: impl Fn(usize) -> Option<K>, new: impl Fn(usize) -> Option<K>) {
        let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
        for index in 0..self.partner_of_old.len() {
            if self.partner_of_old[index].is_none()
                && let Some(key) = old(index)
            {
                waiting.entry(key).or_default().push_back(index);
            }
        }
        for index in 0..self.partner_of_new.len() {
            if self.partner_of_new[index].is_some() {
                continue;
            }
            let partner = new(index).and_then(|key| waiting.get_mut(&key)?.pop_front());
            if let Some(partner) = partner {
                self.partner_of_old[partner] = Some(index);
                self.partner_of_new[index] = Some(partner);
            }
        }
    }

    pub fn old_of(&self, new: usize) -> Option<usize> {
        self.partner_of_new[new]
    }

    pub fn new_of(&self, old: usize) -> Option<usize> {
        self.partner_of_old[old]
    }

    /// Old items without a partner.
    pub fn removed(&self) -> impl Iterator<Item = usize> {
        (0..self.partner_of_old.len()).filter(|index| self.partner_of_old[*index].is_none())
    }

    /// New items that stand elsewhere among the paired ones: what is left when as many as can be stay where they are.
    pub fn moved(&self) -> Vec<usize> {
        let paired: Vec<(usize, usize)> =
            (0..self.partner_of_new.len()).filter_map(|new| Some((new, self.partner_of_new[new]?))).collect();
        let staying = longest_rising(&paired.iter().map(|(_, old)| *old).collect::<Vec<_>>());
        let mut stays = vec![false; paired.len()];
        staying.into_iter().for_each(|index| stays[index] = true);
        paired.iter().zip(stays).filter(|(_, stays)| !stays).map(|((new, _), _)| *new).collect()
    }
}

/// Indices of a longest rising part of a list.
fn longest_rising(values: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; values.len()];
    for index in 0..values.len() {
        let at = ends.partition_point(|end| values[*end] < values[index]);
        before[index] = at.checked_sub(1).map(|last| ends[last]);
        if at == ends.len() {
            ends.push(index);
        } else {
            ends[at] = index;
        }
    }
    let mut rising: Vec<usize> = std::iter::successors(ends.last().copied(), |index| before[*index]).collect();
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::{Pairing, longest_rising};

    #[test]
    fn the_same_words_pair_in_order() {
        let (old, new) = (["a", "b", "a"], ["a", "c", "a", "a"]);
        let mut pairing = Pairing::new(3, 4);
        pairing.pair(|index| Some(old[index]), |index| Some(new[index]));
        assert_eq!((0..4).map(|index| pairing.old_of(index)).collect::<Vec<_>>(), [Some(0), None, Some(2), None]);
        assert_eq!(pairing.removed().collect::<Vec<_>>(), [1]);
        assert_eq!(pairing.new_of(2), Some(2));
    }

    #[test]
    fn as_many_as_can_be_stay() {
        assert_eq!(longest_rising(&[0, 3, 1, 2, 4]), [0, 2, 3, 4]);
        assert_eq!(longest_rising(&[]), [] as [usize; 0]);
        let mut pairing = Pairing::new(4, 4);
        let (old, new) = (["a", "b", "c", "d"], ["a", "d", "b", "c"]);
        pairing.pair(|index| Some(old[index]), |index| Some(new[index]));
        assert_eq!(pairing.moved(), [1]);
    }
}
