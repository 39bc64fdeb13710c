using System.Diagnostics;

namespace VlmSharp.Generation;

/// <summary>The spans of a step's prompts, one for each call with prompts among them. Costs nothing if nobody listens.</summary>
internal readonly ref struct TelemetrySpans
{
    private readonly List<Activity?>? spans;

    private TelemetrySpans(ReadOnlySpan<Decoding> prompts, Func<PreparedPrompt, int> measure, Func<SessionTelemetry, int, Activity?> start)
    {
        for (int i = 0; i < prompts.Length; i++)
        {
            if (prompts[i].Telemetry is not { } telemetry || (i > 0 && prompts[i - 1].Telemetry == telemetry)) continue;
            int amount = 0;
            foreach (Decoding prompt in prompts)
                if (prompt.Telemetry == telemetry) amount += measure(prompt.Prompt);
            (spans ??= []).Add(start(telemetry, amount));
        }
    }

    /// <summary>Around the encoder.</summary>
    public static TelemetrySpans Vision(ReadOnlySpan<Decoding> prompts) =>
        new(prompts, static p => p.Pixels.Count, static (t, n) => t.Vision(n));

    /// <summary>Around the decoder.</summary>
    public static TelemetrySpans Prefill(ReadOnlySpan<Decoding> prompts) =>
        new(prompts, static p => p.Ids.Length, static (t, n) => t.Prefill(n));

    public void Dispose()
    {
        for (int i = (spans?.Count ?? 0) - 1; i >= 0; i--) spans![i]?.Dispose();
    }
}
