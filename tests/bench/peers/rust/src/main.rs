// SPDX-License-Identifier: Apache-2.0
//! peers ADDRESS IDS: asked on standard input "get THREADS MS", answers "OPS P50 P99 CPU" (microseconds).
use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn cpu() -> f64 {
    let mut u: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut u) };
    (u.ru_utime.tv_sec + u.ru_stime.tv_sec) as f64 * 1e6 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) as f64
}

/// One slice: as many reads as go through in so many milliseconds.
async fn slice(con: &redis::aio::MultiplexedConnection, ids: &Arc<Vec<String>>, threads: usize, ms: u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let (before, start) = (cpu(), Instant::now());
    let tasks: Vec<_> = (0..threads)
        .map(|t| {
            let (mut con, ids, stop) = (con.clone(), ids.clone(), stop.clone());
            tokio::spawn(async move {
                let mut us = Vec::new();
                let mut at = t * 997;
                while !stop.load(Ordering::Relaxed) {
                    let t0 = Instant::now();
                    let _: String = redis::cmd("GET")
                        .arg(format!("fields:{}", ids[at * 7919 % ids.len()]))
                        .query_async(&mut con)
                        .await
                        .expect("GET");
                    us.push(t0.elapsed().as_nanos() as f64 / 1e3);
                    at += 1;
                }
                us
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for t in tasks {
        all.extend(t.await.expect("a task"));
    }
    let (took, used) = (start.elapsed().as_secs_f64(), cpu() - before);
    all.sort_by(f64::total_cmp);
    let n = all.len();
    println!("{:.1} {:.2} {:.2} {:.3}", n as f64 / took, all[n / 2], all[n * 99 / 100], used / n as f64);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&arguments[2]).expect("ids");
    let ids = Arc::new(text.split_whitespace().map(String::from).collect::<Vec<_>>());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let client = redis::Client::open(format!("redis://{}", arguments[1])).expect("an address");
    let con = runtime.block_on(client.get_multiplexed_async_connection()).expect("a connection");
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        runtime.block_on(slice(&con, &ids, words[1].parse().expect("threads"), words[2].parse().expect("ms")));
    }
}
