using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.LoadTest;

/// <summary>The output of <c>vlmsharp bench serve</c>: a row or an object for each stage.</summary>
/// <param name="url">The server's address as the user gave it.</param>
/// <param name="model">The model's name; null if none was given.</param>
/// <param name="seed">Seed of the random numbers.</param>
/// <param name="plan">The plan of the test.</param>
/// <param name="stages">The stages that were run, at least one.</param>
internal sealed class LoadReport(string url, string? model, long seed, LoadPlan plan, IReadOnlyList<StageReport> stages)
{
    /// <summary>Seconds by which requests may be sent late without a warning.</summary>
    private const double NoticedDelay = 0.02;

    private bool IsOpen => stages[0].Stage.Rate is not null;

    private bool HasDeadline => plan.FirstTokenDeadline is not null || plan.Deadline is not null;

    /// <summary>Writes tables for people.</summary>
    public void WriteTable()
    {
        string name = model is null ? url : $"{url}, {model}";
        Console.WriteLine($"{name}, seed {seed}; times in ms: p50 / p95 / p99, from the moment at which a request was due");
        string[] columns =
        [
            IsOpen ? "rate" : "clients", "requests", "answered", "failed",
            "answers/s", "tokens/s",
            "first token", "per token", "whole",
        ];
        Table table = Tables.Create(HasDeadline ? [.. columns, "in time"] : columns);
        foreach (StageReport s in stages)
        {
            string[] cells =
            [
                Invariant($"{s.Stage.Level:0.###}"), $"{s.Requests}", $"{s.Answered}", $"{s.Failed}",
                Invariant($"{s.RequestsPerSecond:0.0}"), Invariant($"{s.TokensPerSecond:0.0}"),
                Times(s.FirstToken), Times(s.PerToken), Times(s.Whole),
            ];
            string good = double.IsNaN(s.GoodShare) ? "-" : Invariant($"{s.GoodShare:P1}, {s.GoodPerSecond:0.0}/s");
            table.AddPlainRow(HasDeadline ? [.. cells, good] : cells);
        }

        Tables.Write(table);
        foreach (StageReport s in stages) WriteRemarks(s);
    }

    private static void WriteRemarks(StageReport s)
    {
        foreach (StageReport.ErrorCount e in s.Errors)
        {
            string wait = e.RetryAfter.Count == 0
                ? ""
                : Invariant($", Retry-After p50 {e.RetryAfter[50]:0.#} s, at most {e.RetryAfter.Max:0.#} s");
            Console.WriteLine($"{s.Stage}: {e.Count} x {e.Error}{wait}");
        }

        if (s.Canceled > 0) Console.WriteLine($"{s.Stage}: {s.Canceled} given up half way, as asked");
        if (s.Unfinished > 0) Console.WriteLine($"{s.Stage}: {s.Unfinished} were on their way when the test was stopped, and do not count");
        // A load generator that cannot keep up measures itself.
        double late = s.SendDelay[99];
        if (s.Stage.Rate is null || !(late > NoticedDelay)) return;
        Console.WriteLine(Invariant(
            $"{s.Stage}: requests were sent {late * 1e3:0} ms late (p99): this machine is too slow or too busy for the rate"));
    }

    /// <summary>Writes JSON for programs.</summary>
    public void WriteJson(Utf8JsonWriter o)
    {
        o.WriteStartObject();
        o.WriteString("url", url);
        if (model is not null) o.WriteString("model", model);
        o.WriteString("mode", IsOpen ? "open" : "closed");
        o.WriteNumber("seed", seed);
        o.WriteNumber("warmup_s", plan.Warmup);
        if (plan.FirstTokenDeadline is { } first) o.WriteNumber("deadline_first_token_s", first);
        if (plan.Deadline is { } whole) o.WriteNumber("deadline_s", whole);
        o.WriteStartArray("stages");
        foreach (StageReport stage in stages) WriteStage(o, stage);
        o.WriteEndArray();
        o.WriteEndObject();
    }

    private void WriteStage(Utf8JsonWriter o, StageReport s)
    {
        o.WriteStartObject();
        if (s.Stage.Rate is { } rate) o.WriteNumber("rate", rate);
        if (s.Stage.Clients is { } clients) o.WriteNumber("clients", clients);
        o.WriteNumber("seconds", Round(s.Seconds));
        o.WriteNumber("drain_s", Round(s.Drain));
        o.WriteBoolean("stopped", s.IsStopped);
        o.WriteNumber("requests", s.Requests);
        o.WriteNumber("answered", s.Answered);
        o.WriteNumber("canceled", s.Canceled);
        o.WriteNumber("failed", s.Failed);
        o.WriteNumber("unfinished", s.Unfinished);
        o.WriteNumber("requests_per_s", Round(s.RequestsPerSecond));
        o.WriteNumber("tokens_per_s", Round(s.TokensPerSecond));
        o.WriteNumber("prompt_tokens_per_s", Round(s.PromptTokensPerSecond));
        if (HasDeadline)
        {
            o.WriteReal("good_share", Round(s.GoodShare));
            o.WriteNumber("good_per_s", Round(s.GoodPerSecond));
        }

        Write(o, "first_token_s", s.FirstToken);
        Write(o, "per_token_s", s.PerToken);
        Write(o, "whole_s", s.Whole);
        Write(o, "send_delay_s", s.SendDelay);
        o.WriteStartArray("errors");
        foreach (StageReport.ErrorCount e in s.Errors)
        {
            o.WriteStartObject();
            if (e.Error.Status is { } status) o.WriteNumber("status", status);
            o.WriteString("type", e.Error.Type);
            o.WriteNumber("count", e.Count);
            if (e.RetryAfter.Count > 0) Write(o, "retry_after_s", e.RetryAfter);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteStartArray("slices");
        foreach (StageReport.Slice slice in s.Slices())
        {
            o.WriteStartObject();
            o.WriteNumber("at_s", Round(slice.Middle));
            o.WriteNumber("requests", slice.Requests);
            o.WriteNumber("answered", slice.Answered);
            o.WriteNumber("failed", slice.Failed);
            Write(o, "first_token_s", slice.FirstToken);
            Write(o, "whole_s", slice.Whole);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    /// <summary>Writes the percentiles of values; null if there are no values.</summary>
    private static void Write(Utf8JsonWriter o, string name, Percentiles values)
    {
        o.WriteStartObject(name);
        o.WriteNumber("count", values.Count);
        foreach (int percent in Percentiles.Shown) o.WriteReal($"p{percent}", Round(values[percent]));
        o.WriteReal("mean", Round(values.Mean));
        o.WriteReal("max", Round(values.Max));
        o.WriteEndObject();
    }

    private static double Round(double value) => Math.Round(value, 6);

    private static string Times(Percentiles values) =>
        values.Count == 0 ? "-" : string.Join(" / ", Percentiles.Shown.Select(percent => Milliseconds(values[percent])));

    private static string Milliseconds(double seconds) =>
        (seconds * 1e3).ToString(seconds < 0.01 ? "0.00" : seconds < 0.1 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
