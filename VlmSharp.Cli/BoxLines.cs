using System.Globalization;
using VlmSharp.Generation;
using VlmSharp.Tasks;

namespace VlmSharp.Cli;

/// <summary>What people and scripts read of the boxes in a picture.</summary>
internal static class BoxLines
{
    /// <summary>A line for each box: label, score, left, top, right, bottom, with tabs between.</summary>
    public static IEnumerable<string> Of(TaskResult result) => result.Detections.Select(d => string.Create(
        CultureInfo.InvariantCulture, $"{d.Label}\t{d.Score:0.000}\t{d.Box.X0:0.0}\t{d.Box.Y0:0.0}\t{d.Box.X1:0.0}\t{d.Box.Y1:0.0}"));

    /// <summary>What a person should know beside the boxes, or null.</summary>
    public static string? Remark(TaskResult result)
    {
        if (result.Generation.Finish == FinishReason.Length) return $"the answer was cut at {result.Generation.TokenIds.Count} tokens; with more (--max-new-tokens) there may be more boxes";
        if (result.Detections.Count > 0) return null;
        return result.Text.Trim() is { Length: > 0 } text ? $"no box in the answer '{text}'" : "nothing found";
    }
}
