using System.Globalization;
using VlmSharp.Generation;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Output;

/// <summary>Lines of text for the boxes in a picture.</summary>
internal static class BoxLines
{
    /// <summary>
    /// A line for each box: label, score, left, top, right, bottom, separated by tabs; control characters in the label are escaped as in
    /// JSON.
    /// </summary>
    public static IEnumerable<string> Of(TaskResult result) => result.Detections.Select(d => string.Create(
        CultureInfo.InvariantCulture,
        $"{Escape(d.Label)}\t{d.Score:0.000}\t{d.Box.Left:0.0}\t{d.Box.Top:0.0}\t{d.Box.Right:0.0}\t{d.Box.Bottom:0.0}"));

    /// <summary>A remark for people about the boxes, or null.</summary>
    public static string? Remark(TaskResult result)
    {
        if (result.Generation.Finish == FinishReason.Length)
        {
            return $"the answer was cut at {result.Generation.TokenIds.Count} tokens; "
                + "with more (--max-new-tokens) there may be more boxes";
        }

        if (result.Detections.Count > 0) return null;
        return result.Text.Trim() is { Length: > 0 } text ? $"no box in the answer '{Escape(text)}'" : "nothing found";
    }

    /// <summary>
    /// Escapes control characters. An unconstrained model can emit tabs and line breaks, which would break the format, and terminal
    /// commands.
    /// </summary>
    internal static string Escape(string text) => string.Concat(text.Select(c => c switch
    {
        '\t' => "\\t",
        '\n' => "\\n",
        '\r' => "\\r",
        _ => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString(),
    }));
}
