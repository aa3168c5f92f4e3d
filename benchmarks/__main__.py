"""``python -m benchmarks``: what is measured, each on a stack of its own; results in ``benchmarks/results``."""

from __future__ import annotations

import argparse
import os


def main() -> int:
    """Run the benchmarks that were asked for; without a name all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = parser.add_subparsers(dest="name")
    throughput = names.add_parser("throughput", help="events/s, beside the other engines")
    throughput.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "2000000")))
    throughput.add_argument("--only", default="", help="names of contenders, with commas between")
    throughput.add_argument("--runs", type=int, default=3)
    latency = names.add_parser("latency", help="publish to output and to queryable, open loop")
    latency.add_argument("--rate", type=int, default=5000, help="events a second")
    latency.add_argument("--seconds", type=int, default=60)
    latency.add_argument("--fetch", choices=("auto", "native", "confluent"), default="auto")
    recovery = names.add_parser("recovery", help="kill -9: seconds to the first output, and memory")
    recovery.add_argument("--fetch", choices=("auto", "native", "confluent"), default="auto")
    recovery.add_argument("--only", default="", help="names of states, with commas between")
    deadline = names.add_parser("deadline", help="a passed deadline to its alert, among open permits")
    deadline.add_argument("--open", type=int, default=1_000_000, help="open permits")
    deadline.add_argument("--fetch", choices=("auto", "native", "confluent"), default="auto")
    bad = names.add_parser("bad-input", help="what 1 % of garbage and of damaged values cost")
    bad.add_argument("--events", type=int, default=2_000_000)
    bad.add_argument("--runs", type=int, default=3)
    sink = names.add_parser("sink", help="rows/s into ClickHouse, beside a loop of distinct blocks")
    sink.add_argument("--rows", type=int, default=1_000_000)
    sink.add_argument("--rounds", type=int, default=3)
    memory = names.add_parser("memory", help="what a simulated regency's year weighs in the state")
    memory.add_argument("--population", type=int, default=300_000)
    judged = names.add_parser("rules", help="what the permit rules cost, in both tasks")
    judged.add_argument("--cases", type=int, default=60_000, help="permits of a year")
    judged.add_argument("--open", type=int, default=1_000_000, help="open permits")
    whole = names.add_parser("catalogue", help="what all rules cost on a year of all domains, in both tasks")
    whole.add_argument("--population", type=int, default=300_000)
    whole.add_argument("--actors", type=int, default=1_000_000)
    rebuilt = names.add_parser("rebuild", help="a year computed anew beside what is live, and the switch")
    rebuilt.add_argument("--population", type=int, default=60_000)
    rebuilt.add_argument("--rate", type=float, default=1_000.0, help="live events a second")
    gate = names.add_parser(
        "gateway", help="CPU of the gateway an event, beside the plain way and a bare echo"
    )
    gate.add_argument("--batches", type=int, default=400, help="requests with 500 events")
    gate.add_argument("--singles", type=int, default=5_000)
    gate.add_argument("--runs", type=int, default=3)
    names.add_parser("wallboard", help="publish to the screen of a real browser")
    options = parser.parse_args()
    if options.name in (None, "throughput"):
        from benchmarks import throughput as measured

        given = options if options.name else throughput.parse_args([])
        measured.main(given.events, [n for n in given.only.split(",") if n], given.runs)
    if options.name in (None, "latency"):
        from benchmarks import latency as ages

        given = options if options.name else latency.parse_args([])
        ages.main(given.rate, given.seconds, given.fetch)
    if options.name in (None, "recovery"):
        from benchmarks import recovery as recoveries

        given = options if options.name else recovery.parse_args([])
        recoveries.main(given.fetch, [n for n in given.only.split(",") if n])
    if options.name in (None, "deadline"):
        from benchmarks import deadline as deadlines

        given = options if options.name else deadline.parse_args([])
        deadlines.main(given.open, given.fetch)
    if options.name in (None, "bad-input"):
        from benchmarks import bad_input

        given = options if options.name else bad.parse_args([])
        bad_input.main(given.events, given.runs)
    if options.name in (None, "sink"):
        from benchmarks import sink as inserts

        given = options if options.name else sink.parse_args([])
        inserts.main(given.rows, given.rounds)
    if options.name in (None, "memory"):
        from benchmarks import memory as weights

        given = options if options.name else memory.parse_args([])
        weights.main(given.population)
    if options.name in (None, "rules"):
        from benchmarks import rules

        given = options if options.name else judged.parse_args([])
        rules.main(given.cases, given.open)
    if options.name in (None, "catalogue"):
        from benchmarks import catalogue

        given = options if options.name else whole.parse_args([])
        catalogue.main(given.population, given.actors)
    if options.name in (None, "rebuild"):
        from benchmarks import rebuild

        given = options if options.name else rebuilt.parse_args([])
        rebuild.main(given.population, given.rate)
    if options.name in (None, "gateway"):
        from benchmarks import gateway

        given = options if options.name else gate.parse_args([])
        gateway.main(given.batches, given.singles, given.runs)
    if options.name in (None, "wallboard"):
        from benchmarks import wallboard

        wallboard.main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
