using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute.Host;
using VlmSharp.Generation;

namespace VlmSharp.Conformance;

/// <summary>
/// Many callers send requests to the demo model for a long time, with options and lengths of all kinds, and cancel some of them at any
/// moment. Every answer must equal the answer of the request alone. Nothing may hang, fail or be left behind, and memory must not grow.
/// </summary>
public sealed class EngineSoak
{
    private const int Quarters = 4;

    /// <summary>
    /// During this many first requests the backend still meets sizes of matrices and caches for which it has no block yet.
    /// </summary>
    private const int BackendIsWarm = 500;

    private readonly GenerationRequest[] questions = DemoQuestions.Load();
    private readonly ConcurrentQueue<string> faults = new();
    private readonly Dictionary<(int Question, int Kind), GenerationResult> alone = [];
    private readonly int seed;
    private int answered, givenUp, compared;

    private EngineSoak(int seed) => this.seed = seed;

    /// <summary>Runs the test on a new backend.</summary>
    /// <param name="backend">A backend that nothing else uses.</param>
    /// <param name="requests">The total number of requests.</param>
    /// <param name="callers">The number of concurrent callers.</param>
    /// <param name="seed">Chooses what is asked and what is canceled.</param>
    /// <returns>A summary of one line, and the faults that were found.</returns>
    public static async Task<(string Summary, IReadOnlyList<string> Faults)> RunAsync(
        HostBackend backend, int requests, int callers, int seed)
    {
        var soak = new EngineSoak(seed);
        string summary = await soak.AskAllAsync(backend, requests, callers).ConfigureAwait(false);
        return (summary, [.. soak.faults]);
    }

    private async Task<string> AskAllAsync(HostBackend backend, int requests, int callers)
    {
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        model.Engine.MaxKvCacheBytes = 3L << 20; // room for about twenty requests, so that others wait
        foreach (int number in Enumerable.Range(0, requests)) AskAlone(model, number);
        var memory = new List<(long Heap, long Pool, long Process)>();
        long start = Stopwatch.GetTimestamp();
        for (int quarter = 0; quarter < Quarters; quarter++)
        {
            IEnumerable<int> ofQuarter = Enumerable.Range(0, requests).Where(number => number * (long)Quarters / requests == quarter);
            var numbers = new ConcurrentQueue<int>(ofQuarter);
            IEnumerable<Task> calls = Enumerable.Range(0, callers).Select(_ => Task.Run(() => CallAsync(model, numbers)));
            await Task.WhenAll(calls).WaitAsync(TimeSpan.FromMinutes(10)).ConfigureAwait(false);
            await CheckIdleAsync(model.Engine).ConfigureAwait(false);
            memory.Add((GC.GetTotalMemory(forceFullCollection: true), backend.AllocatedBytes, Environment.WorkingSet));
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        CheckMemory("managed heap", memory[0].Heap, memory[^1].Heap);
        if (requests >= BackendIsWarm * Quarters) CheckMemory("backend", memory[0].Pool, memory[^1].Pool);
        return string.Create(CultureInfo.InvariantCulture,
            $"{requests} requests of {callers} callers, seed {seed}: {answered} answered ({compared} compared with their own alone), "
            + $"{givenUp} given up, {faults.Count} faults; {seconds:0.0} s; after each quarter "
            + $"managed heap {Megabytes(memory.Select(m => m.Heap))} MB, backend {Megabytes(memory.Select(m => m.Pool))} MB, "
            + $"process {Megabytes(memory.Select(m => m.Process))} MB.");
    }

    private static string Megabytes(IEnumerable<long> bytes) =>
        string.Join(", ", bytes.Select(b => (b / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture)));

    // Blocks are kept for reuse, so memory may grow a little when a step is larger than any before. Leaking one cache for each request is
    // much more.
    private void CheckMemory(string what, long first, long last)
    {
        if (last > first + (first / 4) + (4 << 20)) faults.Enqueue($"{what}: {first} bytes after the first quarter, {last} at the end");
    }

    private async Task CheckIdleAsync(GenerationEngine engine)
    {
        for (int i = 0; i < 500 && engine is not { Running: 0, Waiting: 0, KvCacheBytes: 0 }; i++)
            await Task.Delay(10).ConfigureAwait(false);
        if (engine is not { Running: 0, Waiting: 0, KvCacheBytes: 0 })
            faults.Enqueue($"left behind: {engine.Running} run, {engine.Waiting} wait, {engine.KvCacheBytes} bytes");
    }

    private async Task CallAsync(VisionLanguageModel model, ConcurrentQueue<int> numbers)
    {
        while (numbers.TryDequeue(out int number))
        {
            try
            {
                IReadOnlyList<int>? tokens = await AskAsync(model, number).ConfigureAwait(false);
                if (tokens is null)
                {
                    Interlocked.Increment(ref givenUp);
                    continue;
                }

                Interlocked.Increment(ref answered);
                if (!alone.TryGetValue(Case(number), out GenerationResult? expected)) continue;
                Interlocked.Increment(ref compared);
                if (!expected.TokenIds.SequenceEqual(tokens))
                {
                    string got = string.Join(' ', tokens), wanted = string.Join(' ', expected.TokenIds);
                    faults.Enqueue($"request {number}, {Case(number)}: {got} instead of {wanted}");
                }
            }
#pragma warning disable CA1031 // Every exception is reported.
            catch (Exception e)
#pragma warning restore CA1031
            {
                faults.Enqueue($"request {number}: {e}");
            }
        }
    }

    /// <summary>Sends a request in one of several ways.</summary>
    /// <returns>The tokens; null if the request was canceled.</returns>
    private async Task<IReadOnlyList<int>?> AskAsync(VisionLanguageModel model, int number)
    {
        Random random = RandomOf(number, 1);
        (int question, int kind) = Case(number);
        GenerationOptions options = Options(kind, number);
        int way = random.Next(8), patience = random.Next(12);
        using var source = new CancellationTokenSource();
        if (way is 0) source.CancelAfter(random.Next(60));
        if (way is 1) await source.CancelAsync().ConfigureAwait(false);
        try
        {
            if (way is 1 or 2 or 3 or 4)
                return (await model.GenerateAsync(questions[question], options, source.Token).ConfigureAwait(false)).TokenIds;
            var tokens = new List<int>();
            await foreach (GeneratedToken token in model.StreamAsync(questions[question], options, source.Token).ConfigureAwait(false))
            {
                tokens.Add(token.Id);
                if (way is 5 && tokens.Count > patience) return null;
            }

            return tokens;
        }
        catch (OperationCanceledException) when (way is 0 or 1)
        {
            return null;
        }
    }

    private void AskAlone(VisionLanguageModel model, int number)
    {
        (int question, int kind) = Case(number);
        GenerationOptions options = Options(kind, number);
        if (!options.IsSampling && !alone.ContainsKey((question, kind)))
            alone.Add((question, kind), model.Generate(questions[question], options));
    }

    private (int Question, int Kind) Case(int number)
    {
        Random random = RandomOf(number, 0);
        return (random.Next(questions.Length), random.Next(8));
    }

    private Random RandomOf(int number, int use) => new(HashOf(seed, number, use));

    // The same in every process, unlike HashCode.
    private static int HashOf(int a, int b, int c) => unchecked((((a * 31) + b) * 1000003) + (c * 7919));

    private static GenerationOptions Options(int kind, int number) => kind switch
    {
        0 => new() { MaxNewTokens = 1 },
        1 => new() { MaxNewTokens = 40, IgnoreEndOfSequence = true },
        2 => new() { MaxNewTokens = 96, IgnoreEndOfSequence = true },
        3 => new() { Beams = 3, MaxNewTokens = 20 },
        4 => new() { RepetitionPenalty = 1.3f, NoRepeatNgramSize = 3, MaxNewTokens = 30 },
        5 => new() { Temperature = 1.5f, Seed = number, MaxNewTokens = 30 },
        6 => new() { TopLogProbabilities = 5, StopStrings = ["loc"] },
        _ => new(),
    };
}
