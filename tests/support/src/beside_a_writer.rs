//! Readers beside a writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::task::JoinSet;

/// How many read at once.
const READERS: usize = 6;

/// With fewer writes beside them, reads say nothing.
const WRITES: usize = 20;

/// Reads at least so many times while somebody writes without a pause; what each write and each read returned.
pub async fn read_beside_a_writer<W, R, Write, Read>(
    reads: usize,
    mut write: impl FnMut(usize) -> Write + Send + 'static,
    read: impl Fn() -> Read + Clone + Send + 'static,
) -> (Vec<W>, Vec<R>)
where
    Write: Future<Output = W> + Send,
    Read: Future<Output = R> + Send,
    W: Send + 'static,
    R: Send + 'static,
{
    let (is_over, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::<[AtomicUsize; 2]>::default(),
    );
    let writer = tokio::spawn({
        let (is_over, done) = (is_over.clone(), done.clone());
        async move {
            let mut written = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                written.push(write(written.len()).await);
                done[0].fetch_add(1, Ordering::Relaxed);
            }
            written
        }
    });

    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (done, read) = (done.clone(), read.clone());
        readers.spawn(async move {
            let mut seen = Vec::new();
            while done[0].load(Ordering::Relaxed) < WRITES
                || done[1].load(Ordering::Relaxed) < reads
            {
                seen.push(read().await);
                done[1].fetch_add(1, Ordering::Relaxed);
            }
            seen
        });
    }
    let seen = readers.join_all().await.into_iter().flatten().collect();
    is_over.store(true, Ordering::Relaxed);
    (writer.await.unwrap(), seen)
}
