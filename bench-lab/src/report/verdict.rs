//! Who wins: every strategy against the strongest peer of its cell.

use super::figures;
use crate::results::{Cell, Results, Throughput};
use crate::subjects::{Body, Kind};
use crate::words::count;

/// How a subject does against the strongest peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Its interval lies above the peer's.
    Wins,
    /// The intervals overlap.
    Tied,
    /// Its interval lies below the peer's.
    Loses,
    /// Too few rounds for intervals.
    Undecided,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Wins => "wins",
            Self::Tied => "tied",
            Self::Loses => "loses",
            Self::Undecided => "undecided",
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Wins => "▲",
            Self::Tied => "=",
            Self::Loses => "▼",
            Self::Undecided => "?",
        }
    }

    fn of(subject: &Throughput, peer: &Throughput) -> Self {
        match (subject.lo, subject.hi, peer.lo, peer.hi) {
            (Some(lo), Some(hi), Some(peer_lo), Some(peer_hi)) => {
                if lo > peer_hi {
                    Self::Wins
                } else if hi < peer_lo {
                    Self::Loses
                } else {
                    Self::Tied
                }
            }
            _ => Self::Undecided,
        }
    }
}

/// A subject beside the strongest peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) peer: &'a Cell,
    pub(super) ratio: f64,
    pub(super) verdict: Verdict,
}

/// The workloads that were measured, in order.
pub(super) fn workloads(results: &Results) -> Vec<&str> {
    distinct(results.cells.iter().map(|cell| &*cell.workload))
}

/// The numbers of threads that were measured, in order.
pub(super) fn threads(results: &Results) -> Vec<usize> {
    let mut threads = distinct(results.cells.iter().map(|cell| cell.threads));
    threads.sort_unstable();
    threads
}

/// The subjects that were measured, in order.
pub(super) fn subjects(results: &Results) -> Vec<&Cell> {
    let mut seen: Vec<&Cell> = Vec::new();
    for cell in &results.cells {
        if seen.iter().all(|other| other.subject != cell.subject) {
            seen.push(cell);
        }
    }
    seen
}

/// Which peers to compare with: all, or only those that hold documents in this body.
pub(super) type Among = Option<Body>;

/// The comparisons worth making: with all peers, and, if that is not the same, with those that
/// hold documents the way strategies do. That tells maps apart rather than bodies.
pub(super) fn comparisons(results: &Results) -> Vec<Among> {
    let kind = |kind| results.cells.iter().filter(move |cell| cell.kind == kind);
    let bodies = distinct(kind(Kind::Peer).map(|peer| peer.body));
    let ours = kind(Kind::Strategy).next().map(|strategy| strategy.body);
    let ours = ours.filter(|ours| bodies.len() > 1 && bodies.contains(ours));
    [None].into_iter().chain(ours.map(Some)).collect()
}

/// What the peers among which we compare are called.
pub(super) fn name(among: Among) -> &'static str {
    match among {
        None => "strongest peer",
        Some(_) => "strongest peer with the same body",
    }
}

/// The peer with the highest median.
pub(super) fn strongest_peer<'a>(
    results: &'a Results,
    workload: &str,
    threads: usize,
    among: Among,
) -> Option<&'a Cell> {
    fastest(results, workload, threads, Kind::Peer, among)
}

/// A cell against the strongest peer of its group; `None` if there was no peer.
pub(super) fn compare<'a>(
    results: &'a Results,
    cell: &Cell,
    among: Among,
) -> Option<Comparison<'a>> {
    let peer = strongest_peer(results, &cell.workload, cell.threads, among)?;
    let ratio = cell.throughput.median / peer.throughput.median;
    ratio.is_finite().then(|| Comparison {
        peer,
        ratio,
        verdict: Verdict::of(&cell.throughput, &peer.throughput),
    })
}

/// The best strategy of a group beside the strongest peer.
pub(super) fn best_strategy<'a>(
    results: &'a Results,
    workload: &str,
    threads: usize,
) -> Option<(&'a Cell, Comparison<'a>)> {
    let best = fastest(results, workload, threads, Kind::Strategy, None)?;
    Some((best, compare(results, best, None)?))
}

/// How often the best strategy wins, ties and loses, in one or two sentences: against every peer,
/// and, if that is not the same, against those peers that hold documents the way strategies do.
pub(super) fn summary(results: &Results) -> String {
    let tally = |body: Among| {
        let mut verdicts = [0_usize; 4];
        for workload in workloads(results) {
            for threads in threads(results) {
                let Some(best) = fastest(results, workload, threads, Kind::Strategy, None) else {
                    continue;
                };
                let peer = strongest_peer(results, workload, threads, body);
                if let Some(peer) = peer {
                    let verdict = Verdict::of(&best.throughput, &peer.throughput);
                    verdicts[verdict as usize] += 1;
                }
            }
        }
        verdicts
    };
    let all = tally(None);
    if all.iter().sum::<usize>() == 0 {
        return "No strategy was measured beside a peer, so there is nothing to compare.".into();
    }
    let mut text = format!(
        "Against the strongest peer, the best strategy {}.",
        told(all)
    );
    for body in comparisons(results).into_iter().flatten() {
        text += &format!(
            " Against the strongest peer with the same body ({}), it {}.",
            body.name(),
            told(tally(Some(body)))
        );
    }
    text
}

fn told([wins, tied, loses, undecided]: [usize; 4]) -> String {
    let all = count(wins + tied + loses + undecided, "comparison");
    let mut text = format!("wins {wins}, ties {tied} and loses {loses} of {all}");
    if undecided > 0 {
        text += &format!("; {undecided} had too few rounds to tell");
    }
    text
}

/// Who wins each workload, one sentence each.
pub(super) fn sentences(results: &Results) -> Vec<String> {
    let sentences = workloads(results).into_iter().filter_map(|workload| {
        let mut clauses: Vec<Clause<'_>> = Vec::new();
        for threads in threads(results) {
            let Some(clause) = Clause::of(results, workload, threads) else {
                continue;
            };
            match clauses.last_mut() {
                Some(last) if last.says_the_same_as(&clause) => last.at.extend(clause.at),
                _ => clauses.push(clause),
            }
        }
        let clauses: Vec<String> = clauses.iter().map(Clause::text).collect();
        (!clauses.is_empty()).then(|| format!("{workload}: {}.", clauses.join("; ")))
    });
    sentences.collect()
}

/// How the best strategy and the strongest peer stand to each other, at some numbers of threads.
struct Clause<'a> {
    strategy: &'a str,
    peer: &'a str,
    verdict: Verdict,
    /// Numbers of threads and the ratio at each.
    at: Vec<(usize, f64)>,
}

impl<'a> Clause<'a> {
    fn of(results: &'a Results, workload: &str, threads: usize) -> Option<Self> {
        let (best, comparison) = best_strategy(results, workload, threads)?;
        Some(Self {
            strategy: &best.subject,
            peer: &comparison.peer.subject,
            verdict: comparison.verdict,
            at: vec![(threads, comparison.ratio)],
        })
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        (self.strategy, self.peer, self.verdict) == (other.strategy, other.peer, other.verdict)
    }

    fn text(&self) -> String {
        let (strategy, peer) = (self.strategy, self.peer);
        let threads = enumerate(self.at.iter().map(|(threads, _)| threads.to_string()));
        let unit = match self.at[..] {
            [(1, _)] => "thread",
            _ => "threads",
        };
        let ratios = enumerate(self.at.iter().map(|(_, ratio)| figures::ratio(*ratio)));
        let at = format!("at {threads} {unit} ({ratios} of its throughput)");
        match self.verdict {
            Verdict::Wins => format!("{strategy} beats {peer} {at}"),
            Verdict::Tied => format!("{strategy} is tied with {peer} {at}"),
            Verdict::Loses => format!("{strategy} loses to {peer} {at}"),
            Verdict::Undecided => format!("{strategy} against {peer} is undecided {at}"),
        }
    }
}

/// "1", "1 and 2", "1, 2 and 8".
fn enumerate(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match &items[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => items.join(""),
    }
}

fn fastest<'a>(
    results: &'a Results,
    workload: &str,
    threads: usize,
    kind: Kind,
    body: Option<Body>,
) -> Option<&'a Cell> {
    results
        .cells
        .iter()
        .filter(|cell| cell.kind == kind && cell.workload == workload && cell.threads == threads)
        .filter(|cell| body.is_none_or(|body| cell.body == body))
        .max_by(|a, b| f64::total_cmp(&a.throughput.median, &b.throughput.median))
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throughput(median: f64, interval: Option<(f64, f64)>) -> Throughput {
        Throughput {
            median,
            lo: interval.map(|(lo, _)| lo),
            hi: interval.map(|(_, hi)| hi),
            min: median,
            max: median,
        }
    }

    #[test]
    fn overlapping_intervals_are_tied() {
        let peer = throughput(10.0, Some((9.0, 11.0)));
        let of = |median, interval| Verdict::of(&throughput(median, interval), &peer);
        assert_eq!(of(12.0, Some((11.5, 13.0))), Verdict::Wins);
        assert_eq!(of(12.0, Some((11.0, 13.0))), Verdict::Tied);
        assert_eq!(of(9.5, Some((8.0, 9.0))), Verdict::Tied);
        assert_eq!(of(8.0, Some((7.0, 8.9))), Verdict::Loses);
        assert_eq!(of(8.0, None), Verdict::Undecided);
    }
}
