using System.Diagnostics;
using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Bench.Callers;

/// <summary>
/// <c>callers [MODEL_DIR]</c>: compares 8, 32 and 128 concurrent callers, with answers of 8 to 96 tokens, with the same requests one after
/// another. Both ways run in turns, three times; the table has medians. It uses the demo model unless a folder is named.
/// </summary>
internal static class CallersProgram
{
    private const int Repetitions = 3;

    private static readonly GenerationRequest[] Questions = DemoQuestions.Load();

    /// <summary>Runs the benchmark.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        string directory = args.Length > 0 ? args[0] : GoldenFiles.DemoModel;
        if (args.Length > 1 || !Directory.Exists(directory))
        {
            Console.Error.WriteLine("usage: callers [MODEL_DIR]");
            return 2;
        }

        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(directory, backend);
        model.ImageFeatures.MaxBytes = 0; // every picture is encoded, as different pictures would be
        Console.WriteLine($"{backend.Description}; {model.Name}\n");
        Console.WriteLine("| callers | way | tokens/s | first token, half of them within | 95 % within | together / one by one |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        OneByOne(model, 8);
        await TogetherAsync(model, 8); // warm-up: compiles the code and takes the memory
        int[] sizes = [8, 32, 128];
        foreach (int callers in sizes)
        {
            var alone = new List<Run>();
            var together = new List<Run>();
            for (int i = 0; i < Repetitions; i++)
            {
                alone.Add(OneByOne(model, callers));
                together.Add(await TogetherAsync(model, callers));
            }

            Write(callers, "one by one", alone, "");
            double ratio = Median(together.Zip(alone, (t, a) => t.Rate / a.Rate));
            Write(callers, "together", together, ratio.ToString("0.0", CultureInfo.InvariantCulture));
        }

        return 0;
    }

    /// <summary>Sends all requests at once and answers them one after another.</summary>
    private static Run OneByOne(VisionLanguageModel model, int callers)
    {
        var first = new List<double>();
        int tokens = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < callers; i++)
        {
            using GenerationSession session = model.Start([Request(model, i)], Options(i));
            session.Step();
            first.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            while (!session.IsFinished) session.Step();
            tokens += session.Result(0).TokenIds.Count;
        }

        return new Run(tokens / Stopwatch.GetElapsedTime(start).TotalSeconds, first);
    }

    private static async Task<Run> TogetherAsync(VisionLanguageModel model, int callers)
    {
        double[] first = new double[callers];
        long start = Stopwatch.GetTimestamp();
        int[] counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(i => Task.Run(async () =>
        {
            int count = 0;
            await foreach (GeneratedToken _ in model.StreamAsync(Request(model, i), Options(i)))
                if (count++ == 0) first[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return count;
        })));
        return new Run(counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds, [.. first]);
    }

    // A model without a tokenizer takes token ids.
    private static GenerationRequest Request(VisionLanguageModel model, int index)
    {
        GenerationRequest question = Questions[index % Questions.Length];
        return model.Tokenizer is null
            ? question with { PromptIds = [2, .. Enumerable.Range(1000 + index, 4 + (index % 6)), 108] }
            : question;
    }

    private static GenerationOptions Options(int index) => new() { MaxNewTokens = 8 + (index * 37 % 89), IgnoreEndOfSequence = true };

    private static void Write(int callers, string way, List<Run> runs, string ratio) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {callers} | {way} | {Median(runs.Select(r => r.Rate)):0} | {Time(runs, 0.5)} | {Time(runs, 0.95)} | {ratio} |"));

    private static string Time(List<Run> runs, double share)
    {
        double seconds = Median(runs.Select(r => r.First.Order().ElementAt((int)Math.Ceiling(share * r.First.Count) - 1)));
        return string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms");
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Repetitions / 2);

    /// <summary>One run of all callers.</summary>
    /// <param name="Rate">Generated tokens a second, of all callers together.</param>
    /// <param name="First">The seconds until the first token, for each caller.</param>
    private sealed record Run(double Rate, List<double> First);
}
