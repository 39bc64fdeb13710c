using System.Text.Json;

namespace VlmSharp.Training.Tracking;

/// <summary>The numbers of a line of <c>metrics.jsonl</c>, as they are read back.</summary>
/// <param name="Step">The step; for an evaluation, the number of steps before it.</param>
/// <param name="IsStep">Whether it is an optimizer step's line.</param>
/// <param name="Numbers">Every number of the line by its name.</param>
internal sealed record MetricsLine(long Step, bool IsStep, IReadOnlyDictionary<string, double> Numbers)
{
    /// <summary>The step counted from 1; for an evaluation, the number of the last step before it.</summary>
    public long Number => IsStep ? Step + 1 : Step;

    /// <summary>The lines of a file that can be read; a torn last one is left out.</summary>
    public static IEnumerable<MetricsLine> Read(string path)
    {
        if (!File.Exists(path)) yield break;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            if (Parse(line) is { } read) yield return read;
    }

    private static MetricsLine? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
                if (property.Value.ValueKind == JsonValueKind.Number) numbers[property.Name] = property.Value.GetDouble();
            return numbers.Remove("step", out double step)
                ? new MetricsLine((long)step, document.RootElement.TryGetProperty("loss", out _), numbers)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
