using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace VlmSharp.Compute;

/// <summary>Checks of operators' arguments.</summary>
internal static class Shapes
{
    /// <summary>Throws an exception with the operator and all shapes unless they fit.</summary>
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

    /// <summary>Throws unless a parameter is stored in a format that training writes.</summary>
    public static void RequireTrainable(Weight weight, string op) =>
        Require(weight.DType is DType.F32 or DType.BF16, $"{op}: weight {weight} is not stored in F32 or BF16");

    /// <summary>
    /// Throws unless a parameter can be updated: its gradient fits, and it has a master copy if and only if it is stored in BF16.
    /// </summary>
    public static void RequireUpdate(Weight weight, Matrix gradient, Matrix master, string op)
    {
        RequireTrainable(weight, op);
        Require(gradient.Fits(weight) && (weight.DType == DType.BF16 ? master.Fits(weight) : !master.HasValue),
            $"{op}: weight {weight}, gradient {gradient}, master {(master.HasValue ? master.ToString() : "none")}");
    }

    /// <summary>Whether a matrix has the shape of a parameter.</summary>
    public static bool Fits(this Matrix x, Weight weight) => x.HasValue && x.Rows == weight.Rows && x.Columns == weight.Columns;

    /// <summary>Whether a parameter is a vector of that length.</summary>
    public static bool IsVector(this Weight weight, int length) => weight.Rows == 1 && weight.Columns == length;
}

/// <summary>An interpolated message that is built only when a check has failed, so that checks on the hot path allocate nothing.</summary>
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
