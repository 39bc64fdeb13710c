using System.Diagnostics;
using Spectre.Console;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Progress on standard error: a spinner while a step takes long (on a terminal only), and one line of timings at the end.
/// </summary>
internal static class Progress
{
    private static readonly IAnsiConsole Terminal =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>
    /// Runs work on another thread with a spinner; silent without a terminal. Work that has begun is always awaited, because the data that
    /// it reads must stay valid until it ends: cancellation takes effect only before and after.
    /// </summary>
    public static async Task<T> RunAsync<T>(string label, Func<T> work, CancellationToken cancellationToken)
    {
        Task<T> task = Task.Run(work, cancellationToken);
        T result = Console.IsErrorRedirected ? await task : await Terminal.Status().StartAsync(Markup.Escape(label), async context =>
        {
            long start = Stopwatch.GetTimestamp();
            while (await Task.WhenAny(task, Task.Delay(1000, CancellationToken.None)) != task)
                context.Status(Markup.Escape($"{label} {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));
            return await task;
        });
        cancellationToken.ThrowIfCancellationRequested();
        return result;
    }

    /// <summary>The same with a progress bar for the share of the work that is done.</summary>
    public static async Task<T> RunAsync<T>(string label, Func<IProgress<double>, T> work, CancellationToken cancellationToken)
    {
        var share = new Share();
        Task<T> task = Task.Run(() => work(share), cancellationToken);
        if (!Console.IsErrorRedirected)
        {
            await Terminal.Progress().StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(label), maxValue: 1);
                while (await Task.WhenAny(task, Task.Delay(100, CancellationToken.None)) != task) bar.Value = share.Value;
                if (task.IsCompletedSuccessfully) bar.Value = 1;
            });
        }

        T result = await task;
        cancellationToken.ThrowIfCancellationRequested();
        return result;
    }

    private sealed class Share : IProgress<double>
    {
        public double Value { get; private set; }

        public void Report(double value) => Value = value;
    }

    /// <summary>
    /// Load, vision, prefill and decode in one line, with the backend and vector width in use, and the seed if sampling used it.
    /// </summary>
    public static string Summary(VisionLanguageModel model, GenerationTimings timings, long? seed) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"load {model.LoadTime.TotalSeconds:0.000} s | "
        + $"{(model.Backend.IsQueued ? "vision and" : $"vision {timings.Vision.TotalSeconds:0.00} s |")} "
        + $"prefill {timings.PromptTokens} tokens {timings.Prefill.TotalSeconds:0.00} s "
        + $"({JsonOutput.Rate(timings.PromptTokens, timings.Prefill):0.0} tokens/s) | "
        + $"decode {timings.DecodedTokens} tokens {timings.Decode.TotalSeconds:0.00} s "
        + $"({JsonOutput.Rate(timings.DecodedTokens, timings.Decode):0.00} tokens/s) | "
        + $"{model.Backend.Name}: {model.Backend.Description}{(seed is null ? "" : $" | seed {seed}")}");
}
