//! An open file of a simulated disk.

use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use super::super::disk::DiskFile;
use super::faults::Operation;
use super::{InodeNumber, SimulatedDisk};

/// An open file. It stays the same file when its name goes to another.
#[derive(Debug)]
pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) inode: InodeNumber,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.lock_state();
        state.faults.operation(Operation::Read)?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let wanted = state.inode(self.inode).seen().get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(wanted.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.lock_state();
        let outcome = state.faults.operation(Operation::Write);
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        match outcome {
            Ok(()) => state.write(self.inode, bytes, start),
            Err(error) => {
                // A write that fails may have put any part of its bytes where programs see them, or none.
                let part = state.random.below(bytes.len() as u64 + 1) as usize;
                state.write(self.inode, &bytes[..part], start)?;
                Err(error)
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.lock_state();
        state.faults.operation(Operation::Write)?;
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        state.inode(self.inode).set_len(length);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let mut state = self.disk.lock_state();
        state.faults.operation(Operation::Read)?;
        Ok(state.inode(self.inode).seen().len() as u64)
    }

    fn read_ahead(&self) -> io::Result<()> {
        self.disk.lock_state().faults.operation(Operation::Read)
    }

    fn drop_cached(&self) -> io::Result<()> {
        let mut state = self.disk.lock_state();
        state.faults.operation(Operation::Read)?;
        state.inode(self.inode).drop_cached();
        Ok(())
    }
}

impl SimulatedFile {
    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock_state();
        let outcome = state.faults.operation(Operation::Sync);
        while state.are_syncs_held {
            state = self.disk.shared.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Err(error) = outcome {
            // The kernel marks pages clean whose write-back failed: a second sync would have nothing to do.
            if !state.faults.is_power_cut() {
                state.inode(self.inode).forget_unsynced();
            }
            return Err(error);
        }
        if let Some(duration) = state.sync_duration {
            state.write_back(self.inode)?;
            drop(state);
            take_time(duration);
            state = self.disk.lock_state();
        }
        state.sync(self.inode)
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing is waited for: this is what a disk takes")]
fn take_time(duration: Duration) {
    std::thread::sleep(duration);
}
