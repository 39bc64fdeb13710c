using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace VlmSharp.Compute;

/// <summary>The checks of operators' arguments.</summary>
internal static class Shapes
{
    /// <summary>Throws with the operator and all shapes unless they fit.</summary>
    public static void Require(bool fit, [InterpolatedStringHandlerArgument(nameof(fit))] ShapeMessage message)
    {
        if (!fit) throw new ArgumentException($"Shapes do not fit. {message.Text}.");
    }

    /// <summary>Throws unless indices are rows of a matrix.</summary>
    public static void RequireRows(Indices indices, int rows, string op)
    {
        if (!indices.AreWithin(rows))
            throw new ArgumentException($"{op}: row {(indices.Lowest < 0 ? indices.Lowest : indices.Highest)} is outside of {rows} rows.");
    }

    /// <summary>Whether a parameter is a vector of that length.</summary>
    public static bool IsVector(this Weight weight, int length) => weight.Rows == 1 && weight.Columns == length;
}

/// <summary>An interpolated message that is only put together when a check has failed: checks on the hot path allocate nothing.</summary>
[InterpolatedStringHandler]
internal readonly struct ShapeMessage
{
    private readonly StringBuilder? text;

    public ShapeMessage(int literalLength, int formattedCount, bool fit, out bool append)
    {
        append = !fit;
        text = fit ? null : new StringBuilder(literalLength + 16 * formattedCount);
    }

    public string Text => text?.ToString() ?? "";

    public void AppendLiteral(string value) => text!.Append(value);

    public void AppendFormatted<T>(T value) => text!.Append(CultureInfo.InvariantCulture, $"{value}");
}
