#!/usr/bin/env python3
"""The time and cost of a large batch on many machines that may fail or be slow: a simulation and an estimate.

    bench/scale/simulate.py --pictures 1e9 --machines 1000 --rate 0.5 --shards 100000
    bench/scale/simulate.py --pictures 1e9 --machines 1000 --rate 0.5 --sweep shards

    --pictures N       how many pictures (default: 1e9)
    --machines N       how many machines work at a time (default: 1000)
    --rate R           pictures a second of one machine, as `vlmsharp bench` or a short batch measures it (default: 0.5)
    --shards N         parts that the work is cut into (default: 100 for each machine)
    --mtbf HOURS       mean time between failures of one machine (default: 200); exponential
    --preempt HOURS    mean time until one machine is taken away for another's job (default: none); exponential
    --away SECONDS     time until a lost part is started again somewhere (default: 180, SLURM's two minutes and some)
    --start SECONDS    time to start the program and load the model (default: 20)
    --lost SECONDS     seconds of work that a kill loses (default: 10; vlmsharp batch writes each record, and fsyncs)
    --straggler P,F    share of slow machines, and how much slower they are (default: 0.02,3)
    --jitter S         spread of a part's time: standard deviation of its logarithm (default: 0.05)
    --price P          price of an hour of one machine (default: 0)
    --bytes-in, --bytes-out   bytes of a picture and of its record (default: 200e3, 300)
    --runs N           simulations, each with its own seed (default: 5)
    --sweep WHAT       shards, mtbf or straggler: several values, a row each
    --json             for programs

The model. Parts wait in one queue, and a free machine takes the next one, as in a SLURM array or an Indexed Job. All parts have the same
number of pictures. A part takes pictures / rate, times the slowness of its machine, times a random factor (log-normal). Meanwhile its
machine fails or is preempted as a Poisson process. Written records are kept, --lost seconds of work and --start are lost, and the part
returns to the front of the queue after --away. A failed machine is replaced after the same time. No part is run twice speculatively.
Unreadable pictures cost nothing here. Reading overlaps with computing as long as the network is fast enough.
"""
import argparse, heapq, json, math, random

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="simulate.py [options]")
for name, default in [("pictures", 1e9), ("machines", 1000), ("rate", 0.5), ("shards", 0), ("mtbf", 200), ("preempt", math.inf), ("away", 180), ("start", 20),
                      ("lost", 10), ("jitter", 0.05), ("price", 0), ("bytes-in", 200e3), ("bytes-out", 300), ("runs", 5)]:
    parser.add_argument(f"--{name}", type=float, default=default, help=argparse.SUPPRESS)
parser.add_argument("--straggler", default="0.02,3", help=argparse.SUPPRESS)
parser.add_argument("--sweep", choices=["shards", "mtbf", "straggler"], help=argparse.SUPPRESS)
parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)


def simulate(a, seed):
    """Returns the seconds until the last part is done, the busy machine seconds, and the failures."""
    draw = random.Random(seed)
    share, slower = (float(x) for x in a.straggler.split(","))
    machines, shards = int(a.machines), int(a.shards)
    slowness = [slower if draw.random() < share else 1.0 for _ in range(machines)]
    losses_per_s = 1 / (a.mtbf * 3600) + 1 / (a.preempt * 3600)  # of one machine, for either reason
    plain = a.pictures / shards / a.rate
    parts = [plain * math.exp(draw.gauss(-a.jitter ** 2 / 2, a.jitter)) for _ in range(shards)]  # seconds of work left, mean plain
    ready = [(0.0, 0, part) for part in range(shards)]  # (from when it may run, how often it was lost, part); lost parts come first
    heapq.heapify(ready)
    free = [(0.0, m) for m in range(machines)]
    heapq.heapify(free)
    end = busy = 0.0
    losses = 0
    while ready:
        now, machine = heapq.heappop(free)
        at, times, part = heapq.heappop(ready)
        now = max(now, at)
        needed, life = a.start + parts[part] * slowness[machine], draw.expovariate(losses_per_s) if losses_per_s else math.inf
        if life >= needed:
            end, busy = max(end, now + needed), busy + needed
            heapq.heappush(free, (now + needed, machine))
            continue
        losses += 1
        busy += life
        done = max(0.0, life - a.start - a.lost) / slowness[machine]
        parts[part] -= min(done, parts[part])
        heapq.heappush(ready, (now + life + a.away, times - 1, part))
        heapq.heappush(free, (now + life + a.away, machine))
    return end, busy, losses


def row(a):
    runs = [simulate(a, seed) for seed in range(int(a.runs))]
    end, busy, losses = (sum(r[i] for r in runs) / len(runs) for i in range(3))
    ideal = a.pictures / a.rate / a.machines
    return {"machines": int(a.machines), "shards": int(a.shards), "mtbf_h": a.mtbf, "straggler": a.straggler, "pictures_per_shard": a.pictures / a.shards,
            "ideal_h": ideal / 3600, "hours": end / 3600, "longest_h": max(r[0] for r in runs) / 3600, "overhead": end / ideal - 1, "machine_hours": busy / 3600,
            "losses": losses, "price": busy / 3600 * a.price, "in_TB": a.pictures * getattr(a, "bytes_in") / 1e12, "out_TB": a.pictures * getattr(a, "bytes_out") / 1e12,
            "in_MB_per_s": a.machines * a.rate * getattr(a, "bytes_in") / 1e6}


a = parser.parse_args()
a.shards = a.shards or 100 * a.machines
sweeps = {"shards": [("shards", a.machines * f) for f in (1, 3, 10, 30, 100, 300)], "mtbf": [("mtbf", h) for h in (math.inf, 1000, 200, 50, 10)],
          "straggler": [("straggler", s) for s in ("0,1", "0.02,3", "0.1,3", "0.02,10")], None: [("rate", a.rate)]}
rows = []
for name, value in sweeps[a.sweep]:
    setattr(a, name, value)
    rows.append(row(a))
if a.json:
    print(json.dumps(rows))
else:
    print("| machines | shards | pictures a shard | MTBF, h | slow | ideal, h | takes, h | longest of the runs | over the ideal | lost parts | machine hours | price |")
    print("| --- " * 12 + "|")
    for r in rows:
        print(f"| {r['machines']} | {r['shards']} | {r['pictures_per_shard']:.0f} | {r['mtbf_h']:g} | {r['straggler']} | {r['ideal_h']:.1f} | {r['hours']:.1f} | {r['longest_h']:.1f} "
              f"| {r['overhead']:+.1%} | {r['losses']:.0f} | {r['machine_hours']:.0f} | {r['price']:.0f} |")
    print(f"\nIn: {rows[0]['in_TB']:.1f} TB, {rows[0]['in_MB_per_s']:.0f} MB/s while all machines work; out: {rows[0]['out_TB']:.2f} TB.")
