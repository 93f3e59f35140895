//! A short list.

use std::cmp::Ordering;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list that mostly has one item: that one needs no allocation. It is read and written as a vector is.
#[derive(Clone, Debug, Default)]
pub enum Few<T> {
    /// None.
    #[default]
    Empty,
    /// One.
    One(T),
    /// Several, or what is left of them. The box keeps a list of numbers at 16 bytes.
    Many(Box<Vec<T>>),
}

impl<T: Copy> Few<T> {
    /// Adds `value` at the end.
    pub fn push(&mut self, value: T) {
        self.insert(self.len(), value);
    }

    /// Adds `value` so that `place` others are before it.
    pub fn insert(&mut self, place: usize, value: T) {
        match self {
            Few::Empty => *self = Few::One(value),
            Few::One(only) => {
                let mut values = vec![*only];
                values.insert(place, value);
                *self = Few::Many(Box::new(values));
            }
            Few::Many(values) => values.insert(place, value),
        }
    }

    /// Takes out the first.
    pub fn remove_first(&mut self) {
        match self {
            Few::Empty | Few::One(_) => *self = Few::Empty,
            Few::Many(values) => drop(values.remove(0)),
        }
    }

    /// Takes out all that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        match self {
            Few::One(only) if !keep(only) => *self = Few::Empty,
            Few::Many(values) => values.retain(keep),
            Few::Empty | Few::One(_) => {}
        }
    }
}

impl<T: Copy + Ord> Few<T> {
    /// Adds `value` to an ascending list, once.
    pub fn insert_in_order(&mut self, value: T) {
        // Nearly always it is the newest of all: whoever has thousands need not be looked through.
        match self.last().map(|last| last.cmp(&value)) {
            None | Some(Ordering::Less) => self.push(value),
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) => {
                if let Err(place) = self.binary_search(&value) {
                    self.insert(place, value);
                }
            }
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::Empty => &[],
            Few::One(only) => std::slice::from_ref(only),
            Few::Many(values) => values,
        }
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Few<T>) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: Copy> From<Vec<T>> for Few<T> {
    fn from(values: Vec<T>) -> Few<T> {
        match values[..] {
            [] => Few::Empty,
            [only] => Few::One(only),
            _ => Few::Many(Box::new(values)),
        }
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Copy + Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Few<T>, D::Error> {
        Vec::deserialize(deserializer).map(Few::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn numbers_stay_in_order_and_single() {
        let mut list = Few::default();
        for number in [5_u32, 2, 9, 5, 2] {
            list.insert_in_order(number);
        }
        assert_eq!(*list, [2, 5, 9]);
        list.retain(|number| *number != 5);
        assert_eq!(*list, [2, 9]);
        assert_eq!(size_of::<Few<u32>>(), 16);
    }

    #[test]
    fn what_is_pushed_stands_at_the_end() {
        let mut list = Few::from(vec![7_u32]);
        list.push(3);
        assert_eq!(*list, [7, 3]);
        list.remove_first();
        assert_eq!(list, Few::One(3));
        list.retain(|_| false);
        list.push(4);
        assert_eq!(*list, [4]);
        let mut one = Few::One(1_u32);
        one.retain(|_| false);
        assert_eq!(one, Few::Empty);
    }
}
