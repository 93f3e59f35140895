//! The hierarchical timing wheel: when does which hold, grant or opening come due.
//!
//! The wheel looks ahead to a horizon, less than 64 ms beyond the present. Timers due by the horizon stand in `ready`,
//! in order. All others wait on levels: a deadline is read as digits of six bits, and a timer waits on the level of
//! the highest digit in which its deadline differs from the horizon, in the slot named by that digit. So everything on
//! a level comes before everything on the levels above it, the slots behind the horizon are empty, and the next slot
//! is the lowest bit of the lowest occupied level, however far away it is.
//!
//! ```text
//! insert ──▶ levels ──slot reached──▶ ready ──poll──▶ caller
//!    │          └─ beyond the horizon: a lower level
//!    └─────▶ near ──next poll──▶ ready
//! ```
//!
//! The lowest digit has no level. When time reaches a slot, those of its timers that are due by the horizon become a
//! sorted run in `ready`: sorting a short stretch costs less than a list for each millisecond.
//!
//! **Invariant:** the wheel never reads a clock, and is never the truth about a deadline: the caller keeps that, and
//! rebuilds the wheel from it.
//!
//! **Invariant:** no call works on all timers at once. What a poll may move is bounded by its limit, even when a
//! million timers stand in one slot; what it could not finish, the next poll goes on with.
//!
//! **Invariant:** an empty wheel holds no memory. The memory of a burst is reused while timers are live, and given back
//! when the last one leaves.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::num::NonZeroU32;

use crate::core::planted::{Bug, is_planted};

/// Bits in a digit of a deadline.
const DIGIT_BITS: u32 = 6;

/// The stretch of time up to which the horizon goes ahead, less one: all bits of the lowest digit.
const AHEAD_MS: u64 = (1 << DIGIT_BITS) - 1;

/// Slots on a level: one for each bit of its occupancy word.
const LEVEL_SLOTS: usize = 1 << DIGIT_BITS;

/// Timers that a poll may move for each one that it may hand out. What the caller does with a timer costs a few times
/// as much as a move, so that both kinds of work come in slices of like length.
const MOVES_PER_TIMER: usize = 4;

/// Timers that even a poll with a small limit may move, so that a small wheel never needs a second call.
const MOVES_MIN: usize = 64;

/// Nodes in a chunk of the slab: 24 KiB.
const CHUNK_NODES: usize = 1_024;

/// The end of a list of nodes.
const NIL: u32 = u32::MAX;

/// A hierarchical timing wheel of millisecond deadlines, with no clock inside.
///
/// A timer costs 24 bytes, and 16 more when it is due within 64 ms. Inserting and cancelling take constant time. At
/// most `u32::MAX` timers can be live.
#[derive(Debug)]
pub struct Wheel {
    /// The levels hold only timers due after this, save for the slot being emptied. Its lowest digit is all ones.
    horizon_ms: u64,
    /// The latest time a poll was given. Beyond the horizon only while due timers remain.
    latest_ms: u64,
    /// The levels, lowest first, each made when a timer first needs it.
    levels: Vec<Option<Box<Level>>>,
    /// A slot that the horizon has reached and that a poll has not finished emptying.
    emptying: Option<Slot>,
    /// First of the timers that were due by the horizon when they were inserted, and that no poll has gathered yet.
    near_head: u32,
    /// At or before every deadline among the near timers. Without meaning when there are none.
    near_earliest_ms: u64,
    /// Timers gathered and ordered, all due by the horizon.
    ready: Ready,
    /// Every live timer, wherever it waits.
    nodes: Slab,
}

/// Names a live timer. Valid until the timer is handed out or cancelled; its value may then name a later timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerKey(NonZeroU32);

impl TimerKey {
    /// The key of the node `index`: one more, so that a table of keys needs no room to tell which are missing.
    fn of(index: u32) -> TimerKey {
        TimerKey(NonZeroU32::MIN.saturating_add(index))
    }

    fn index(self) -> u32 {
        self.0.get() - 1
    }
}

/// A timer that has come due. Ordered by deadline, then token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The deadline it was inserted with, in milliseconds.
    pub deadline_ms: u64,
    /// The token it was inserted with.
    pub token: u32,
}

impl Wheel {
    /// An empty wheel at time `now_ms`. Allocates nothing before the first insert.
    pub fn new(now_ms: u64) -> Self {
        Self {
            horizon_ms: now_ms | AHEAD_MS,
            latest_ms: now_ms,
            levels: Vec::new(),
            emptying: None,
            near_head: NIL,
            near_earliest_ms: u64::MAX,
            ready: Ready::default(),
            nodes: Slab::new(),
        }
    }

    /// Adds a timer in constant time. Any deadline is legal; one that has passed is due at the next poll.
    ///
    /// Several timers may share a deadline and a token.
    pub fn insert(&mut self, deadline_ms: u64, token: u32) -> TimerKey {
        let deadline_ms = deadline_ms.saturating_sub(u64::from(is_planted(Bug::WheelEarly)));
        let index = self.nodes.insert(deadline_ms, token);
        self.place(index, deadline_ms);
        TimerKey::of(index)
    }

    /// Removes a timer in constant time and returns its token. It will never be handed out.
    ///
    /// # Panics
    ///
    /// When `key` names no live timer: cancelling twice, or after the timer was handed out, is a bug.
    pub fn cancel(&mut self, key: TimerKey) -> u32 {
        match self.nodes.get(key.index()).place {
            Place::Vacant => panic!("a timer is cancelled at most once, and never after it was handed out"),
            Place::Ready => self.ready.forget_one(),
            Place::Near | Place::Slot(_) => self.unlink(key.index()),
        }
        let token = self.nodes.remove(key.index()).token;
        self.release_if_empty();
        token
    }

    /// Takes out timers due at `now_ms`, at most `limit` of them, and appends them to `due` in the order of deadline
    /// and token. Never early. A `now_ms` before the latest one seen counts as that one.
    ///
    /// Returns true when there is more to do at this time: call again, after other work. Such a call may have appended
    /// fewer than `limit` timers: it stops as well when it has moved 64 timers, or four times `limit` if that is more.
    pub fn poll(&mut self, now_ms: u64, limit: usize, due: &mut Vec<Due>) -> bool {
        self.latest_ms = self.latest_ms.max(now_ms);
        let mut room = limit;
        let mut moves = limit.saturating_mul(MOVES_PER_TIMER).max(MOVES_MIN);
        loop {
            if !self.gather(&mut moves) || !self.hand_out(&mut room, &mut moves, due) {
                return true;
            }
            // What is left in `ready` lies in the future, and comes before everything else.
            if self.ready.live > 0 || self.horizon_ms >= self.latest_ms {
                break;
            }
        }
        self.release_if_empty();
        false
    }

    /// When to poll next: never after the earliest deadline, and `None` when the wheel is empty.
    ///
    /// It may lie before the earliest deadline, by less than the span of that timer's slot; the poll then brings the
    /// timer at least one level nearer. Whoever always sleeps until this time wakes at most eleven times for a timer.
    /// It may lie in the past, when something is due already.
    pub fn next_wake_ms(&self) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        let near_ms = (self.near_head != NIL).then_some(self.near_earliest_ms);
        let slot_ms = self.emptying.or_else(|| self.earliest_slot()).map(|slot| slot.start_ms(self.horizon_ms));
        let ready_ms = self.ready.earliest().map(|entry| entry.deadline_ms);
        [ready_ms, near_ms, slot_ms].into_iter().flatten().min()
    }

    /// How many timers are live.
    pub fn len(&self) -> usize {
        self.nodes.live as usize
    }

    /// Whether no timer is live.
    pub fn is_empty(&self) -> bool {
        self.nodes.live == 0
    }

    /// The bytes this wheel has allocated, beside its own size. Zero when it is empty.
    pub fn memory_bytes(&self) -> usize {
        let levels = self.levels.iter().flatten().count() * size_of::<Level>();
        let level_table = self.levels.capacity() * size_of::<Option<Box<Level>>>();
        levels + level_table + self.ready.memory_bytes() + self.nodes.memory_bytes()
    }

    /// Moves timers until the earliest of all stand in `ready`, or until it is known that nothing is due. Returns
    /// false when `moves` were spent before that: until then the order is not known, and nothing may be handed out.
    fn gather(&mut self, moves: &mut usize) -> bool {
        let mut run = Vec::new();
        let finished = self.gather_into(&mut run, moves);
        self.ready.add(run);
        finished
    }

    fn gather_into(&mut self, run: &mut Vec<Entry>, moves: &mut usize) -> bool {
        if !self.empty_near(run, moves) || !self.empty_slot(run, moves) {
            return false;
        }
        while run.is_empty() && self.ready.live == 0 {
            if !self.reach_next_slot() {
                return true;
            }
            if !self.empty_slot(run, moves) {
                return false;
            }
        }
        true
    }

    /// Moves the horizon to the next slot, if that slot begins by the latest time. If none does, the horizon moves past
    /// the latest time, nothing is due, and the answer is false.
    fn reach_next_slot(&mut self) -> bool {
        debug_assert!(self.emptying.is_none(), "the horizon moves on when the slot it has reached is empty");
        let slot = self.earliest_slot().filter(|slot| slot.start_ms(self.horizon_ms) <= self.latest_ms);
        // Nothing else is due by the end of the slot. So the horizon can go there at once, and the timers go straight
        // to `ready` instead of through every level below.
        let slot_end_ms = slot.map_or(u64::MAX, |slot| slot.end_ms(self.horizon_ms));
        let reached_ms = slot_end_ms.min(self.latest_ms | AHEAD_MS);
        assert!(reached_ms >= self.horizon_ms, "the horizon never goes back");
        assert!(reached_ms > self.horizon_ms || slot.is_none(), "an occupied slot lies beyond the horizon");
        self.horizon_ms = reached_ms;
        self.emptying = slot;
        slot.is_some()
    }

    /// Goes on emptying the slot that the horizon has reached, if there is one. Returns false when `moves` were spent
    /// before.
    fn empty_slot(&mut self, run: &mut Vec<Entry>, moves: &mut usize) -> bool {
        let Some(slot) = self.emptying else { return true };
        while let Some(ends) = self.ends_of(slot) {
            // A list is walked at the speed of memory, as each timer is known only through its neighbour. From both
            // ends at once, two timers are fetched in the time of one.
            let deadlines_ms = ends.map(|index| self.nodes.get(index).deadline_ms);
            let count = if ends[0] == ends[1] { 1 } else { 2 };
            for (index, deadline_ms) in ends.into_iter().zip(deadlines_ms).take(count) {
                if !spend(moves) {
                    return false;
                }
                self.move_nearer(index, deadline_ms, run);
            }
        }
        self.emptying = None;
        true
    }

    /// Moves a timer from its slot to the run, or to the level where it belongs now.
    fn move_nearer(&mut self, index: u32, deadline_ms: u64, run: &mut Vec<Entry>) {
        self.unlink(index);
        if deadline_ms <= self.horizon_ms {
            run.push(self.nodes.get_mut(index).make_ready(index));
        } else {
            self.place(index, deadline_ms);
        }
    }

    /// Goes on emptying the list of near timers. Returns false when `moves` were spent before.
    fn empty_near(&mut self, run: &mut Vec<Entry>, moves: &mut usize) -> bool {
        while self.near_head != NIL {
            if !spend(moves) {
                return false;
            }
            let index = self.near_head;
            self.unlink(index);
            run.push(self.nodes.get_mut(index).make_ready(index));
        }
        true
    }

    /// Takes due timers out of `ready`. Returns false when some are left because there is no more `room`, or when more
    /// entries of cancelled timers were met than `moves` allows.
    fn hand_out(&mut self, room: &mut usize, moves: &mut usize, due: &mut Vec<Due>) -> bool {
        while let Some(entry) = self.ready.earliest().filter(|entry| entry.deadline_ms <= self.latest_ms) {
            let live = self.nodes.get(entry.index).is_named_by(&entry);
            if !spend(if live { room } else { moves }) {
                return false;
            }
            self.ready.drop_earliest();
            if live {
                self.ready.forget_one();
                due.push(self.nodes.remove(entry.index));
            }
        }
        true
    }

    /// Puts an unlinked timer into the list it belongs to.
    fn place(&mut self, index: u32, deadline_ms: u64) {
        if deadline_ms <= self.horizon_ms {
            let none_near = self.near_head == NIL;
            self.near_earliest_ms = if none_near { deadline_ms } else { self.near_earliest_ms.min(deadline_ms) };
            self.nodes.link(index, Place::Near, &mut self.near_head);
        } else {
            let slot = Slot::of(deadline_ms, self.horizon_ms);
            let level = level_mut(&mut self.levels, slot.level);
            level.occupied |= slot.bit();
            self.nodes.link(index, Place::Slot(slot), &mut level.heads[slot.number as usize]);
        }
    }

    /// Takes a timer out of the list it waits in.
    fn unlink(&mut self, index: u32) {
        match self.nodes.get(index).place {
            Place::Near => self.nodes.unlink(index, &mut self.near_head),
            Place::Slot(slot) => {
                let level = level_mut(&mut self.levels, slot.level);
                let head = &mut level.heads[slot.number as usize];
                self.nodes.unlink(index, head);
                if *head == NIL {
                    level.occupied &= !slot.bit();
                }
            }
            Place::Ready | Place::Vacant => unreachable!("only a waiting timer is in a list"),
        }
    }

    /// The occupied slot whose timers come before all others on the levels.
    fn earliest_slot(&self) -> Option<Slot> {
        self.levels.iter().enumerate().find_map(|(level, slots)| {
            let occupied = slots.as_ref()?.occupied;
            (occupied != 0).then(|| Slot { level: level as u8, number: occupied.trailing_zeros() as u8 })
        })
    }

    /// The first and the last timer of a slot, which are the same when it has only one.
    fn ends_of(&self, slot: Slot) -> Option<[u32; 2]> {
        let level = self.levels[slot.level as usize].as_ref()?;
        let first = level.heads[slot.number as usize];
        (first != NIL).then(|| [first, self.nodes.get(first).previous])
    }

    /// Gives all memory back when the last timer has left. For a wheel that is empty often this means a few small
    /// allocations each time; for the many events that are idle it means that they cost nothing.
    fn release_if_empty(&mut self) {
        if self.is_empty() {
            *self = Self::new(self.latest_ms);
        }
    }
}

/// Takes one from `moves`. Returns false when there is none left.
fn spend(moves: &mut usize) -> bool {
    let left = *moves > 0;
    *moves = moves.saturating_sub(1);
    left
}

/// The level, made if this is its first timer.
fn level_mut(levels: &mut Vec<Option<Box<Level>>>, level: u8) -> &mut Level {
    let level = level as usize;
    if levels.len() <= level {
        levels.resize_with(level + 1, || None);
    }
    levels[level].get_or_insert_default()
}

/// The slots of one level.
#[derive(Debug)]
struct Level {
    /// A bit for each slot that is not empty.
    occupied: u64,
    /// The first timer of each slot.
    heads: [u32; LEVEL_SLOTS],
}

impl Default for Level {
    fn default() -> Self {
        Self { occupied: 0, heads: [NIL; LEVEL_SLOTS] }
    }
}

/// A slot of a level. Which stretch of time it stands for follows from the horizon, with which it shares all higher
/// digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    /// From 0 to 9. Level 0 resolves the second lowest digit of a deadline.
    level: u8,
    /// The value of that digit, below 64.
    number: u8,
}

impl Slot {
    /// Where a timer due after the horizon belongs.
    fn of(deadline_ms: u64, horizon_ms: u64) -> Self {
        assert!(deadline_ms > horizon_ms, "a slot is for a time beyond the horizon");
        let highest_bit = (deadline_ms ^ horizon_ms).ilog2();
        assert!(highest_bit >= DIGIT_BITS, "the lowest digit of the horizon is all ones");
        let slot = Self { level: (highest_bit / DIGIT_BITS - 1) as u8, number: 0 };
        Self { number: ((deadline_ms >> slot.shift()) % LEVEL_SLOTS as u64) as u8, ..slot }
    }

    /// The first millisecond of the slot.
    fn start_ms(self, horizon_ms: u64) -> u64 {
        let digit = (LEVEL_SLOTS as u64 - 1) << self.shift();
        let higher_digits = !(digit | self.lower_digits());
        horizon_ms & higher_digits | u64::from(self.number) << self.shift()
    }

    /// The last millisecond of the slot.
    fn end_ms(self, horizon_ms: u64) -> u64 {
        self.start_ms(horizon_ms) | self.lower_digits()
    }

    fn bit(self) -> u64 {
        1 << self.number
    }

    fn lower_digits(self) -> u64 {
        (1 << self.shift()) - 1
    }

    fn shift(self) -> u32 {
        (u32::from(self.level) + 1) * DIGIT_BITS
    }
}

/// Timers due by the horizon, in order. Each gathering adds a run that is sorted on its own, so that none has to order
/// more than it has moved; the heap merges the runs. Usually there is one.
#[derive(Debug, Default)]
struct Ready {
    /// The runs, the one with the earliest entry on top.
    runs: BinaryHeap<Run>,
    /// Entries whose timer is still live. The others belong to timers that were cancelled.
    live: u32,
}

impl Ready {
    fn add(&mut self, mut entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        self.live += entries.len() as u32;
        entries.sort_unstable_by(|left, right| right.cmp(left));
        self.runs.push(Run(entries));
    }

    /// The next entry. Its timer may have been cancelled.
    fn earliest(&self) -> Option<Entry> {
        self.runs.peek()?.earliest().copied()
    }

    fn drop_earliest(&mut self) {
        let mut run = self.runs.peek_mut().expect("the caller has just seen an entry");
        run.0.pop();
        if run.0.is_empty() {
            PeekMut::pop(run);
        }
    }

    /// Counts a timer that was taken out or cancelled. Its entry may stay behind, and is dropped with the last live
    /// one.
    fn forget_one(&mut self) {
        self.live -= 1;
        if self.live == 0 {
            self.runs.clear();
        }
    }

    fn memory_bytes(&self) -> usize {
        let entries: usize = self.runs.iter().map(|run| run.0.capacity()).sum();
        self.runs.capacity() * size_of::<Run>() + entries * size_of::<Entry>()
    }
}

/// Entries in falling order, so that the next one is the last.
#[derive(Debug)]
struct Run(Vec<Entry>);

impl Run {
    fn earliest(&self) -> Option<&Entry> {
        self.0.last()
    }
}

/// The run with the earliest entry is the greatest, as the heap has its greatest element on top.
impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        other.earliest().cmp(&self.earliest())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Run {}

/// What a run keeps of a timer, so that sorting need not look at the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline_ms: u64,
    token: u32,
    index: u32,
}

/// A live timer, or a vacant place for one: 24 bytes.
#[derive(Debug)]
struct Node {
    deadline_ms: u64,
    token: u32,
    /// The timer behind this one in its list, with `NIL` behind the last; or the next vacant node.
    next: u32,
    /// The timer before this one in its list. Before the first stands the last, so that a list can be taken from both
    /// ends.
    previous: u32,
    place: Place,
}

/// Where a timer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: the node is free.
    Vacant,
    /// In the list of a slot.
    Slot(Slot),
    /// In the list of those that were due by the horizon when they were inserted.
    Near,
    /// In no list; an entry of a run names it.
    Ready,
}

impl Node {
    fn make_ready(&mut self, index: u32) -> Entry {
        self.place = Place::Ready;
        Entry { deadline_ms: self.deadline_ms, token: self.token, index }
    }

    /// Whether the entry stands for this timer. If not, its own timer was cancelled, and the node may have been reused.
    /// Should it have been reused for an equal timer that is ready too, then either entry may stand for it: the first
    /// one hands it out, and the second finds the node vacant.
    fn is_named_by(&self, entry: &Entry) -> bool {
        self.place == Place::Ready && self.deadline_ms == entry.deadline_ms && self.token == entry.token
    }
}

/// The nodes, in chunks, so that growing never copies them and never allocates much more than is needed. Only the first
/// chunk grows from small, since most events have few timers.
#[derive(Debug)]
struct Slab {
    /// Chunks of 1,024 nodes, all full but the last.
    chunks: Vec<Vec<Node>>,
    /// The node to reuse next.
    vacant_head: u32,
    /// Nodes that are not vacant.
    live: u32,
}

impl Slab {
    fn new() -> Self {
        Self { chunks: Vec::new(), vacant_head: NIL, live: 0 }
    }

    fn insert(&mut self, deadline_ms: u64, token: u32) -> u32 {
        let node = Node { deadline_ms, token, next: NIL, previous: NIL, place: Place::Vacant };
        self.live += 1;
        if self.vacant_head == NIL {
            return self.push(node);
        }
        let index = self.vacant_head;
        let vacant = self.get_mut(index);
        assert!(vacant.place == Place::Vacant, "the list of vacant nodes holds only such");
        let next_vacant = vacant.next;
        *vacant = node;
        self.vacant_head = next_vacant;
        index
    }

    fn push(&mut self, node: Node) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_NODES) {
            let capacity = if self.chunks.is_empty() { 0 } else { CHUNK_NODES };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let index = (self.chunks.len() - 1) * CHUNK_NODES + self.chunks[self.chunks.len() - 1].len();
        assert!(index < NIL as usize, "at most 2^32 - 1 timers are live");
        self.chunks.last_mut().expect("a chunk was just made sure of").push(node);
        index as u32
    }

    /// Frees the node of an unlinked timer and returns what it held.
    fn remove(&mut self, index: u32) -> Due {
        let next_vacant = self.vacant_head;
        let node = self.get_mut(index);
        assert!(node.place != Place::Vacant, "a timer leaves once");
        node.place = Place::Vacant;
        node.next = next_vacant;
        let due = Due { deadline_ms: node.deadline_ms, token: node.token };
        self.vacant_head = index;
        self.live -= 1;
        due
    }

    /// Puts a node in front of the list that begins at `head`.
    fn link(&mut self, index: u32, place: Place, head: &mut u32) {
        let second = std::mem::replace(head, index);
        let last = if second == NIL { index } else { std::mem::replace(&mut self.get_mut(second).previous, index) };
        let node = self.get_mut(index);
        node.place = place;
        node.previous = last;
        node.next = second;
    }

    /// Takes a node out of the list that begins at `head`.
    fn unlink(&mut self, index: u32, head: &mut u32) {
        let node = self.get(index);
        let (previous, next) = (node.previous, node.next);
        if index == *head {
            *head = next;
        } else {
            self.get_mut(previous).next = next;
        }
        // The last node is known to the first.
        let behind = if next == NIL { *head } else { next };
        if behind != NIL {
            self.get_mut(behind).previous = previous;
        }
    }

    fn get(&self, index: u32) -> &Node {
        &self.chunks[index as usize / CHUNK_NODES][index as usize % CHUNK_NODES]
    }

    fn get_mut(&mut self, index: u32) -> &mut Node {
        &mut self.chunks[index as usize / CHUNK_NODES][index as usize % CHUNK_NODES]
    }

    fn memory_bytes(&self) -> usize {
        let nodes: usize = self.chunks.iter().map(Vec::capacity).sum();
        self.chunks.capacity() * size_of::<Vec<Node>>() + nodes * size_of::<Node>()
    }
}

#[cfg(test)]
mod tests;
