//! Counts the entries ahead of a place without walking the line.

/// A set of ordinals with `count_before` in O(log n): a bit an ordinal, and a Fenwick tree over the 64-bit words.
/// About 1.5 bits an ordinal.
#[derive(Debug, Default)]
pub struct Places {
    /// The ordinals `64 (first_word + i)` and the 63 after it are the bits of word `i`.
    words: Vec<u64>,
    /// Which word of all ordinals `words[0]` is.
    first_word: u32,
    /// The Fenwick tree, 1-based: node `i` at index `i - 1` counts the words `i - lowest_bit(i)` to `i - 1`.
    tree: Vec<u32>,
    /// How many ordinals are in the set.
    len: u32,
}

/// Fewer dead words than this are not worth a rebuild.
const DEAD_WORDS_MIN: usize = 16;

impl Places {
    /// Adds `ordinal`, which must not be below one that `forget_before` was told of.
    pub fn insert(&mut self, ordinal: u32) {
        if self.words.is_empty() {
            self.first_word = ordinal / 64;
        }
        let (word, bit) = self.place(ordinal);
        while self.words.len() <= word {
            self.push_empty_word();
        }
        assert!(self.words[word] & bit == 0, "ordinal {ordinal} inserted twice");
        self.words[word] |= bit;
        self.len += 1;
        self.add(word, 1);
    }

    /// Takes `ordinal` out.
    pub fn remove(&mut self, ordinal: u32) {
        let (word, bit) = self.place(ordinal);
        assert!(self.words[word] & bit != 0, "ordinal {ordinal} removed twice");
        self.words[word] &= !bit;
        self.len -= 1;
        self.add(word, -1);
    }

    /// How many ordinals are in the set.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether `ordinal` is in the set; it must not be below one that `forget_before` was told of.
    pub fn contains(&self, ordinal: u32) -> bool {
        let (word, bit) = self.place(ordinal);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The least ordinal of the set: down the tree, past all that counts nothing.
    pub fn first(&self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let mut word = 0;
        let mut step = self.tree.len().next_power_of_two();
        while step > 0 {
            let node = word + step;
            if node <= self.tree.len() && self.tree[node - 1] == 0 {
                word = node;
            }
            step /= 2;
        }
        Some((self.first_word + word as u32) * 64 + self.words[word].trailing_zeros())
    }

    /// How many ordinals of the set are below `ordinal`.
    pub fn count_before(&self, ordinal: u32) -> usize {
        let (word, bit) = self.place(ordinal);
        let mut count = (self.words[word] & (bit - 1)).count_ones();
        let mut node = word;
        while node > 0 {
            count += self.tree[node - 1];
            node &= node - 1;
        }
        count as usize
    }

    /// No ordinal below `ordinal` is in the set or will be: gives the memory back once half of it is dead, so that
    /// each ordinal pays a constant share of the rebuilds.
    pub fn forget_before(&mut self, ordinal: u32) {
        let dead = ((ordinal / 64).saturating_sub(self.first_word) as usize).min(self.words.len());
        if dead < DEAD_WORDS_MIN || dead * 2 < self.words.len() {
            return;
        }
        let alive = self.words.split_off(dead);
        self.first_word += dead as u32;
        self.words = Vec::with_capacity(alive.len());
        self.tree = Vec::with_capacity(alive.len());
        for (index, word) in alive.into_iter().enumerate() {
            self.push_empty_word();
            self.words[index] = word;
            self.tree[index] += word.count_ones();
        }
    }

    fn place(&self, ordinal: u32) -> (usize, u64) {
        ((ordinal / 64 - self.first_word) as usize, 1 << (ordinal % 64))
    }

    /// Appends a word, and its tree node as the sum of the nodes it covers.
    fn push_empty_word(&mut self) {
        self.words.push(0);
        let node = self.words.len();
        let lowest_bit = node & node.wrapping_neg();
        let mut count = 0;
        let mut below = 1;
        while below < lowest_bit {
            count += self.tree[node - below - 1];
            below <<= 1;
        }
        self.tree.push(count);
    }

    fn add(&mut self, word: usize, difference: i32) {
        let mut node = word + 1;
        while node <= self.tree.len() {
            self.tree[node - 1] = self.tree[node - 1].wrapping_add_signed(difference);
            node += node & node.wrapping_neg();
        }
    }
}
