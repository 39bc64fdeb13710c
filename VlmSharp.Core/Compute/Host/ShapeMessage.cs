using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace VlmSharp.Compute.Host;

/// <summary>An interpolated message that is only put together when a check has failed: checks on the hot path allocate nothing.</summary>
[InterpolatedStringHandler]
internal readonly struct ShapeMessage
{
    private readonly StringBuilder? text;

    public ShapeMessage(int literalLength, int formattedCount, bool fits, out bool append)
    {
        append = !fits;
        text = fits ? null : new StringBuilder(literalLength + 16 * formattedCount);
    }

    public string Text => text?.ToString() ?? "";

    public void AppendLiteral(string value) => text!.Append(value);

    public void AppendFormatted<T>(T value) => text!.Append(CultureInfo.InvariantCulture, $"{value}");
}
