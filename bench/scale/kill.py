#!/usr/bin/env python3
"""Kills the parts of a batch repeatedly with SIGKILL, and compares the result with an undisturbed run.

    bench/scale/kill.py [--kills 100] [--pictures 2000] [--shards 4] [--seed 1]

Build first: dotnet build VlmSharp.Cli -c Release. Ends with 1 if a byte differs.
"""
import argparse, pathlib, random, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ["dotnet", str(ROOT / "VlmSharp.Cli/bin/Release/net10.0/vlmsharp.dll")]

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name, default in [("kills", 100), ("pictures", 2000), ("shards", 4), ("seed", 1)]:
    parser.add_argument(f"--{name}", type=int, default=default)
a = parser.parse_args()
draw = random.Random(a.seed)
samples = sorted((ROOT / "demo/samples").glob("*.png"))

with tempfile.TemporaryDirectory() as folder:
    work, out = f"{folder}/list.txt", pathlib.Path(folder) / "out"
    open(work, "w").writelines(f"{samples[i % len(samples)]}\n" for i in range(a.pictures))
    alone = subprocess.run(PROGRAM + ["batch", work, "-q"], stdout=subprocess.PIPE, check=True).stdout

    def part(shard):
        return subprocess.Popen(PROGRAM + ["batch", work, "--out", str(out), "--shards", str(a.shards), "--shard", str(shard), "-q"])

    def records(shard):
        name = out / f"shard-{shard:05}-of-{a.shards:05}.jsonl"
        file = name if name.exists() else pathlib.Path(f"{name}.partial")
        return file.read_bytes().count(b"\n") if file.exists() else 0

    kills = torn = 0
    each = a.pictures // a.shards
    while kills < a.kills:
        shard = draw.randrange(a.shards)
        before = records(shard)
        if before >= each:  # done: begin this part again, so that there is something to kill
            for file in out.glob(f"shard-{shard:05}-of-*"):
                file.unlink()
            before = 0
        process, wanted = part(shard), before + draw.randrange(1, max(2, each // 8))
        while process.poll() is None and records(shard) < wanted:
            time.sleep(0.005)
        time.sleep(draw.random() * 0.01)
        if process.poll() is None:
            process.kill()
            kills += 1
            partial = out / f"shard-{shard:05}-of-{a.shards:05}.jsonl.partial"
            torn += partial.exists() and not partial.read_bytes().endswith(b"\n") and partial.stat().st_size > 0
        process.wait()
        print(f"\r{kills} killed", end="", file=sys.stderr)
    for shard in range(a.shards):
        assert part(shard).wait() == 0
    merged = subprocess.run(PROGRAM + ["batch", "merge", str(out)], stdout=subprocess.PIPE, check=True).stdout
    same = merged == alone
    print(f"\n{kills} kills of {a.shards} parts, {torn} of them in the middle of a line; {merged.count(bytes([10]))} records, "
          f"{'equal byte for byte to a run that was left alone' if same else 'NOT equal to a run that was left alone'}")
    sys.exit(0 if same else 1)
