//! One test a row of the table in `tail.rs`, in its order, and then the proofs one by one.

use super::super::frame::{FrameKind, complete};
use super::super::segment::FRAMES_OFFSET;
use super::*;

const SALT: u64 = 0x5A17;
const EPOCH: u64 = 3;
const SEGMENT_BYTES: usize = 32 << 10;

/// A segment in memory, and where its frames begin.
struct Bytes {
    segment: Vec<u8>,
    offset: usize,
    link: Link,
}

impl Bytes {
    fn new() -> Bytes {
        let link = Link { next_seq: 1, hash: [0; 16] };
        Bytes { segment: vec![0; SEGMENT_BYTES], offset: FRAMES_OFFSET, link }
    }

    fn frame(&self, kind: FrameKind, payload: &[u8], change_count: u32) -> (Vec<u8>, Link) {
        let mut buffer = vec![0; HEADER_BYTES];
        buffer.extend_from_slice(payload);
        let header = FrameHeader {
            kind,
            first_seq: self.link.next_seq,
            change_count,
            record_count: change_count,
            payload_bytes: 0,
            zero_sector_count: 0,
            durable_seq: self.link.next_seq - 1,
            epoch: EPOCH,
            salt: SALT,
            previous_hash: self.link.hash,
        };
        let hash = complete(&mut buffer, header);
        (buffer, Link { next_seq: header.next_seq(), hash })
    }

    /// Adds a frame of three sectors with one change, and returns where it begins.
    fn records(&mut self) -> usize {
        self.push(FrameKind::Records, &[0xAB; 1200], 1)
    }

    fn push(&mut self, kind: FrameKind, payload: &[u8], change_count: u32) -> usize {
        let (frame, link) = self.frame(kind, payload, change_count);
        let start = self.offset;
        self.segment[start..start + frame.len()].copy_from_slice(&frame);
        self.offset += frame.len();
        self.link = link;
        start
    }

    /// What recovery knows when the frames up to the current place are valid.
    fn facts(&self) -> Facts<'_> {
        Facts {
            segment: &self.segment,
            offset: self.offset,
            salt: SALT,
            epoch: EPOCH,
            expected: self.link,
            next_segment: None,
            snapshot_seq: 0,
            after_clean_stop: false,
            segment_bytes: SEGMENT_BYTES as u64,
        }
    }

    /// The verdict when the last frame, which begins at `offset`, was pushed behind `expected` and then
    /// changed.
    fn verdict_at(&self, offset: usize, expected: Link) -> Verdict {
        decide(&Facts { offset, expected, ..self.facts() })
    }
}

/// A valid frame and behind it one that `damage` changes.
fn damaged(damage: impl FnOnce(&mut [u8])) -> (Bytes, usize, Link) {
    let mut bytes = Bytes::new();
    bytes.records();
    let expected = bytes.link;
    let start = bytes.records();
    let end = bytes.offset;
    damage(&mut bytes.segment[start..end]);
    (bytes, start, expected)
}

#[test]
fn rotated_end_goes_on() {
    let mut bytes = Bytes::new();
    bytes.records();
    let facts = Facts { next_segment: Some(bytes.link), ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::RotatedEnd);
}

#[test]
fn rotated_end_goes_on_whatever_lies_in_the_unused_rest() {
    let mut bytes = Bytes::new();
    bytes.records();
    bytes.segment[SEGMENT_BYTES - 1] = 1;
    let facts = Facts { next_segment: Some(bytes.link), snapshot_seq: 1, ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::RotatedEnd);
}

#[test]
fn known_durable_by_a_watermark_is_refused() {
    let (mut bytes, start, expected) = damaged(|frame| frame[200] ^= 1);
    bytes.push(FrameKind::Seal, &[], 0);
    let refused = Verdict::Refuse(Refusal::KnownDurable { durable_seq: 2 });
    assert_eq!(bytes.verdict_at(start, expected), refused);
}

#[test]
fn known_durable_stays_so_when_all_of_the_frame_is_gone() {
    let (mut bytes, start, expected) = damaged(|frame| frame.fill(0));
    bytes.push(FrameKind::Seal, &[], 0);
    let refused = Verdict::Refuse(Refusal::KnownDurable { durable_seq: 2 });
    assert_eq!(bytes.verdict_at(start, expected), refused);
}

#[test]
fn known_durable_by_the_next_segment_is_refused() {
    let (bytes, start, expected) = damaged(|frame| frame.fill(0));
    let facts = Facts { offset: start, expected, next_segment: Some(bytes.link), ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::Refuse(Refusal::KnownDurable { durable_seq: 2 }));
}

#[test]
fn known_durable_by_a_snapshot_is_refused() {
    let (bytes, start, expected) = damaged(|frame| frame.fill(0));
    let facts = Facts { offset: start, expected, snapshot_seq: 2, ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::Refuse(Refusal::SnapshotNewer { snapshot_seq: 2 }));
}

#[test]
fn valid_data_after_it_is_refused() {
    // The damaged frame is a seal: no change is lost with it, and yet something happened to the file.
    let mut bytes = Bytes::new();
    bytes.records();
    let expected = bytes.link;
    let start = bytes.push(FrameKind::Seal, &[], 0);
    let after = bytes.records();
    bytes.segment[start] ^= 1;
    let refused = Verdict::Refuse(Refusal::ValidDataAfter { offset: after as u64 });
    assert_eq!(bytes.verdict_at(start, expected), refused);
}

#[test]
fn damage_that_is_not_in_the_last_segment_is_refused() {
    let mut bytes = Bytes::new();
    bytes.records();
    let expected = bytes.link;
    let start = bytes.push(FrameKind::Seal, &[], 0);
    bytes.segment[start..].fill(0);
    let facts = Facts { offset: start, expected, next_segment: Some(bytes.link), ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::Refuse(Refusal::NotLastSegment));
}

#[test]
fn only_zeros_is_the_end() {
    let mut bytes = Bytes::new();
    assert_eq!(decide(&bytes.facts()), Verdict::End);
    bytes.records();
    assert_eq!(decide(&bytes.facts()), Verdict::End);
}

#[test]
fn bytes_after_a_clean_stop_are_refused() {
    let mut bytes = Bytes::new();
    bytes.push(FrameKind::Clean, &[], 0);
    let expected = bytes.link;
    let start = bytes.records();
    bytes.segment[start + SECTOR_BYTES..start + 2 * SECTOR_BYTES].fill(0);
    let facts = Facts { offset: start, expected, after_clean_stop: true, ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::Refuse(Refusal::AfterCleanStop));
}

#[test]
fn only_zeros_after_a_clean_stop_are_the_end() {
    let mut bytes = Bytes::new();
    bytes.push(FrameKind::Clean, &[], 0);
    assert_eq!(decide(&Facts { after_clean_stop: true, ..bytes.facts() }), Verdict::End);
}

#[test]
fn each_missing_sector_proves_an_unfinished_write() {
    for sector in 0..3 {
        let range = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
        let (bytes, start, expected) = damaged(|frame| frame[range].fill(0));
        let verdict = bytes.verdict_at(start, expected);
        assert_eq!(verdict, Verdict::Unfinished(Proof::ZeroSector), "sector {sector}");
    }
}

#[test]
fn a_frame_past_the_end_of_the_file_was_not_finished() {
    let (mut bytes, start, expected) = damaged(|_| ());
    for length in [start + SECTOR_BYTES, start + HEADER_BYTES - 1] {
        bytes.segment.truncate(length);
        let facts = Facts { offset: start, expected, segment_bytes: length as u64, ..bytes.facts() };
        assert_eq!(decide(&facts), Verdict::Unfinished(Proof::PastTheEnd));
    }
}

#[test]
fn a_file_shorter_than_it_was_made_is_refused() {
    let (mut bytes, start, expected) = damaged(|_| ());
    for length in [SEGMENT_BYTES - 1, start + SECTOR_BYTES, start] {
        bytes.segment.truncate(length);
        let refused = Verdict::Refuse(Refusal::Truncated { segment_bytes: SEGMENT_BYTES as u64 });
        assert_eq!(bytes.verdict_at(start, expected), refused);
    }
    let cut_by_a_clean_stop = Facts { offset: start, expected, after_clean_stop: true, ..bytes.facts() };
    assert_eq!(decide(&cut_by_a_clean_stop), Verdict::End);
}

#[test]
fn a_frame_that_breaks_off_before_its_end_was_not_finished() {
    let whole = damaged(|_| ()).0;
    let content_bytes = HEADER_BYTES + 1200 + 16 + END_MARKER.len();
    for written in 1..content_bytes {
        let (bytes, start, expected) = damaged(|frame| frame[written..].fill(0));
        let verdict = bytes.verdict_at(start, expected);
        assert!(matches!(verdict, Verdict::Unfinished(_)), "{written} bytes: {verdict:?}");
    }
    assert_eq!(decide(&whole.facts()), Verdict::End);
}

#[test]
fn anything_else_is_refused() {
    let content_bytes = HEADER_BYTES + 1200 + 16;
    for index in 0..content_bytes {
        for bit in 0..8 {
            let (bytes, start, expected) = damaged(|frame| frame[index] ^= 1 << bit);
            let verdict = bytes.verdict_at(start, expected);
            assert_eq!(verdict, Verdict::Refuse(Refusal::Damaged), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn a_sector_of_zeros_that_was_written_so_proves_nothing() {
    let mut bytes = Bytes::new();
    let mut payload = [0xAB; 2000];
    payload[300..1500].fill(0);
    let expected = bytes.link;
    let start = bytes.push(FrameKind::Records, &payload, 1);
    bytes.segment[start + 100] ^= 1;
    assert_eq!(bytes.verdict_at(start, expected), Verdict::Refuse(Refusal::Damaged));
    bytes.segment[start + 3 * SECTOR_BYTES..start + 4 * SECTOR_BYTES].fill(0);
    assert_eq!(bytes.verdict_at(start, expected), Verdict::Unfinished(Proof::ZeroSector));
}

#[test]
fn bytes_behind_an_unfinished_frame_are_not_its_own_and_are_refused() {
    let (mut bytes, start, expected) = damaged(|frame| frame[SECTOR_BYTES..2 * SECTOR_BYTES].fill(0));
    let behind = bytes.offset + 10;
    bytes.segment[behind] = 1;
    assert_eq!(bytes.verdict_at(start, expected), Verdict::Refuse(Refusal::Damaged));
}

#[test]
fn a_whole_frame_of_another_chain_is_refused() {
    let mut bytes = Bytes::new();
    bytes.records();
    let expected = bytes.link;
    bytes.link.hash[0] ^= 1;
    let start = bytes.records();
    assert_eq!(bytes.verdict_at(start, expected), Verdict::Refuse(Refusal::ChainBroken));

    let mut bytes = Bytes::new();
    bytes.records();
    let expected = bytes.link;
    bytes.link.next_seq += 1;
    let start = bytes.records();
    assert_eq!(bytes.verdict_at(start, expected), Verdict::Refuse(Refusal::ChainBroken));
}

#[test]
fn a_frame_of_another_segment_is_no_frame() {
    let (bytes, start, expected) = damaged(|_| ());
    let facts = Facts { offset: start, expected, salt: SALT + 1, ..bytes.facts() };
    assert_eq!(decide(&facts), Verdict::Refuse(Refusal::Damaged));
}
