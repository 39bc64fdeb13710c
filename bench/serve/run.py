#!/usr/bin/env python3
"""Loads `vlmsharp serve` with `vlmsharp bench serve` and prints tables for docs/benchmarks.md.

    bench/serve/run.py soak    [--short]     twice the capacity for ten minutes: shed requests, latency, memory, recovery
    bench/serve/run.py mixed   [--short]     500 requests at once, a fifth canceled: each answer compared with its own alone
    bench/serve/run.py clients [--short]     throughput with 1, 8 and 32 clients

    --short           less of everything, in under a minute: shows whether it works, not how well
    --max-queue N     queue of the server in the soak (default: 1024, with --short 64)
    --url URL         address of a running server of any kind; soak and mixed then need --pid for its memory
    --load OPTIONS    further options of the load generator, in one word: --load "--image photos --prompt 'caption en'"
    -- OPTIONS        further options of vlmsharp serve: -- --model DIR --quantize int8

Build first: dotnet build VlmSharp.Cli -c Release. Ends with 1 if a check failed.
"""
import argparse, json, os, pathlib, shlex, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ["dotnet", str(ROOT / "VlmSharp.Cli/bin/Release/net10.0/vlmsharp.dll")]
PICTURE = ROOT / "demo/samples/cake.png"
QUEUE_FACTOR = 1.2      # first tokens come within this times queue limit / throughput
RECOVERY = 1.0          # seconds after which the server is as before

failed = False


def check(name, good, found, counts=True):
    """Adds a row to the table of checks. Checks that a short run cannot decide do not count."""
    global failed
    failed |= counts and not good
    print(f"| {name} | {found} | {'yes' if good else '**no**'}{'' if counts else ' (does not count)'} |", flush=True)


def ms(spread):
    return " / ".join("-" if spread[p] is None else f"{spread[p] * 1e3:.0f}" for p in ("p50", "p95", "p99"))


class Server:
    """The server, started here or already running, and the memory of its process."""

    def __init__(self, args, options):
        self.process, self.pid, self.url = None, args.pid, args.url
        self.samples, self.ended = [], threading.Event()  # (time, bytes)
        if not self.url:
            self.log = tempfile.TemporaryFile()
            self.process = subprocess.Popen(PROGRAM + ["serve", "--port", "0", *options, *args.server], stdout=subprocess.PIPE, stderr=self.log, text=True)
            line = self.process.stdout.readline()
            if not line.startswith("listening on "):
                self.log.seek(0)
                sys.exit(f"the server did not start: {self.log.read().decode(errors='replace')[-2000:]}")
            self.url, self.pid = line.split()[-1], self.process.pid
        if self.pid:
            threading.Thread(target=self.sample, daemon=True).start()

    def sample(self):
        while not self.ended.wait(1.0):
            if (resident := self.resident()) is None:
                return
            self.samples.append((time.monotonic(), resident))

    def resident(self):
        """The private memory of the process in bytes. Memory mapped from files can be reclaimed at any time."""
        try:
            for line in open(f"/proc/{self.pid}/status"):
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        except OSError:
            return None

    def load(self, args, *options):
        """A run of the load generator."""
        run = subprocess.run(PROGRAM + ["bench", "serve", self.url, "--json", *map(str, options), *shlex.split(args.load)], stdout=subprocess.PIPE, text=True)
        if run.returncode not in (0, 5):
            sys.exit(f"bench serve ended with {run.returncode}")
        return json.loads(run.stdout)["stages"]

    def close(self):
        self.ended.set()
        if self.process:
            self.process.terminate()
            if self.process.wait(120) != 0:
                sys.exit(f"the server ended with {self.process.returncode}")


class Probes:
    """Sends a small request every tenth of a second, to see when the server has recovered."""

    def __init__(self, url, model):
        import base64
        picture = "data:image/png;base64," + base64.b64encode(PICTURE.read_bytes()).decode()
        content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": "caption en"}]
        body = {"messages": [{"role": "user", "content": content}], "max_tokens": 8, "temperature": 0, "stream": True}
        self.body = json.dumps(body if model is None else body | {"model": model}).encode()
        self.url, self.results, self.ended = url, [], threading.Event()  # (sent, status, seconds to the first piece)

    def one(self):
        sent = time.monotonic()
        request = urllib.request.Request(f"{self.url.rstrip('/')}/v1/chat/completions", self.body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                while (line := answer.readline()) and b'"content":"' not in line.replace(b'"content":""', b""):
                    pass
                self.results.append((sent, answer.status, time.monotonic() - sent))
        except urllib.error.HTTPError as e:
            self.results.append((sent, e.code, time.monotonic() - sent))
        except OSError:
            self.results.append((sent, 0, time.monotonic() - sent))

    def start(self):
        def loop():
            while not self.ended.wait(0.1):
                threading.Thread(target=self.one, daemon=True).start()
        threading.Thread(target=loop, daemon=True).start()


def soak(args):
    queue = args.max_queue or (64 if args.short else 1024)
    seconds = args.seconds or (12 if args.short else 600)
    server = Server(args, ["--max-queue", str(queue)])
    idle = server.load(args, "--clients", 1, "--requests", 20 if args.short else 200, "--warmup", 1)[0]
    capacity = server.load(args, "--clients", 32, "--duration", 5 if args.short else 30, "--warmup", 2)[0]["requests_per_s"]
    with urllib.request.urlopen(f"{server.url.rstrip('/')}/v1/models") as models:
        model = json.load(models)["data"][0]["id"]
    probes = Probes(server.url, model)
    threading.Timer(seconds - 1, probes.start).start()
    begin = time.monotonic()
    stage = server.load(args, "--rate", f"{2 * capacity:.3f}", "--duration", seconds, "--warmup", min(10, seconds / 4), "--timeout", 600, "--svg", args.svg or "/dev/null")[0]
    over = time.monotonic()         # the last answer has come
    sent = over - stage["drain_s"]  # the last request was sent
    time.sleep(2)
    probes.ended.set()
    time.sleep(1)
    throughput, first = stage["requests_per_s"], stage["first_token_s"]
    shed = sum(e["count"] for e in stage["errors"] if e.get("status") == 429)
    waits = [e["retry_after_s"] for e in stage["errors"] if e.get("status") == 429 and "retry_after_s" in e]
    memory = [b for t, b in server.samples if begin <= t <= over]
    early, late = memory[len(memory) // 10:len(memory) // 2], memory[len(memory) // 2:]
    server.close()

    print("\n| alone: first token, ms | 32 clients: answers/s | sent/s | seconds | requests | answered | 429 | other errors | answers/s | first token, ms | memory, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print(f"| {ms(idle['first_token_s'])} | {capacity:.1f} | {2 * capacity:.1f} | {stage['seconds']:.0f} | {stage['requests']} | {stage['answered']} | {shed} "
          f"| {stage['failed'] - shed} | {throughput:.1f} | {ms(first)} | {min(memory) / 1e6:.0f} to {max(memory) / 1e6:.0f} |")
    print("\n| check | found | good |\n| --- | --- | --- |")
    check("load is shed with 429, and nothing else fails", shed > 0 and stage["failed"] == shed, f"{shed} of {stage['failed']} failures")
    check("each 429 has a Retry-After", sum(w["count"] for w in waits) == shed, ", ".join(f"p50 {w['p50']:.1f} s, at most {w['max']:.1f} s" for w in waits) or "none")
    limit = QUEUE_FACTOR * queue / throughput
    check(f"first token, p99 <= {QUEUE_FACTOR} x {queue} / {throughput:.1f}/s", (first["p99"] or 1e9) <= limit, f"{first['p99']:.2f} s of {limit:.2f} s", not args.short)
    growth = max(late) / max(early) - 1
    check("memory of the second half over that of the first", growth < 0.1, f"{growth:+.1%} ({max(early) / 1e6:.0f}, {max(late) / 1e6:.0f} MB)", not args.short)
    admitted = min((t - sent for t, status, _ in probes.results if status == 200 and t >= sent), default=float("inf"))
    check(f"a request is taken within {RECOVERY:.0f} s of the end of the load", admitted <= RECOVERY, f"after {admitted:.2f} s; all were answered after {stage['drain_s']:.2f} s")
    usual = max(3 * idle["first_token_s"]["p95"], 0.05)
    quick = min((max(t - over, 0) for t, status, wait in probes.results if status == 200 and t + wait >= over and wait <= usual), default=float("inf"))
    check(f"and as fast as before (within {usual * 1e3:.0f} ms) within {RECOVERY:.0f} s of the last answer", quick <= RECOVERY, f"after {quick:.2f} s")


def mixed(args):
    count, rounds = (60, 3) if args.short else (500, 5)
    server = Server(args, [])
    with tempfile.TemporaryDirectory() as folder:
        def ask(name, *options):
            file = f"{folder}/{name}.jsonl"
            stage = server.load(args, "--requests", count, "--warmup", 0, "--max-tokens", "2,8,32,96", "--timeout", 600, "--records", file, *options)[0]
            return stage, {r["request"]: r for r in map(json.loads, open(file))}
        alone, answers = ask("alone", "--clients", 1)
        print("\n| round | requests | answered | given up | failed | answers other than alone | seconds | answers/s | one by one | memory after, MB |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        wrong, failures, memory = 0, 0, []
        for i in range(rounds):
            stage, together = ask(f"round{i}", "--clients", count, "--cancel-share", 0.2)
            other = [n for n, r in together.items() if not (
                answers[n]["text"].startswith(r["text"]) if r["end"] == "canceled" else r["end"] == "answered" and r["text"] == answers[n]["text"])]
            for n in other[:5]:
                print(f"request {n}, {together[n]['prompt']}: {together[n]['end']} {together[n].get('text')!r}, alone {answers[n]['text']!r}", file=sys.stderr)
            memory.append(server.resident())
            wrong, failures = wrong + len(other), failures + stage["failed"]
            print(f"| {i + 1} | {stage['requests']} | {stage['answered']} | {stage['canceled']} | {stage['failed']} | {len(other)} | {stage['seconds']:.1f} "
                  f"| {stage['requests_per_s']:.1f} | {alone['requests_per_s']:.1f} | {memory[-1] / 1e6:.0f} |", flush=True)
    server.close()
    print("\n| check | found | good |\n| --- | --- | --- |")
    check("each answer is its own alone, and one given up begins like it", wrong == 0, f"{wrong} of {rounds * count} differ")
    check("nothing fails", failures == 0 and alone["failed"] == 0, f"{failures} failures")
    growth = memory[-1] / memory[len(memory) // 2] - 1
    check("memory of the last round over that of the middle one", growth < 0.1, f"{growth:+.1%}", not args.short)


def clients(args):
    server = Server(args, [])
    stages = server.load(args, "--clients", "1,8,32", "--duration", 5 if args.short else 30, "--warmup", 2)
    server.close()
    print("\n| clients | requests | failed | answers/s | tokens/s | beside one | first token, ms | per token, ms | whole, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for s in stages:
        print(f"| {s['clients']} | {s['requests']} | {s['failed']} | {s['requests_per_s']:.1f} | {s['tokens_per_s']:.1f} | {s['requests_per_s'] / stages[0]['requests_per_s']:.2f} "
              f"| {ms(s['first_token_s'])} | {ms(s['per_token_s'])} | {ms(s['whole_s'])} |")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="run.py soak|mixed|clients [options] [-- server options]")
parser.add_argument("what", choices=["soak", "mixed", "clients"])
parser.add_argument("--short", action="store_true")
parser.add_argument("--max-queue", type=int)
parser.add_argument("--seconds", type=int, help="of the soak (default: 600)")
parser.add_argument("--svg", help="draw the soak there")
parser.add_argument("--url")
parser.add_argument("--pid", type=int)
parser.add_argument("--load", default="")
parser.add_argument("server", nargs="*", help=argparse.SUPPRESS)
arguments = parser.parse_args()
{"soak": soak, "mixed": mixed, "clients": clients}[arguments.what](arguments)
sys.exit(1 if failed else 0)
