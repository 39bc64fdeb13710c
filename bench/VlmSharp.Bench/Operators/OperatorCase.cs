using VlmSharp.Compute;

namespace VlmSharp.Bench.Operators;

/// <summary>An operator at some sizes, to be measured on a backend or compared between two.</summary>
/// <param name="Name">The operator, and the format of its weights.</param>
/// <param name="Sizes">The sizes of its arguments.</param>
/// <param name="Prepare">Makes the arguments and returns the call.</param>
internal sealed record OperatorCase(string Name, OperatorSizes Sizes, Func<OperatorInputs, Func<Matrix>> Prepare)
{
    /// <summary>The bytes that it must read and write, or 0 if there is no floor.</summary>
    public double Bytes { get; init; }

    /// <summary>The operations that it must do.</summary>
    public double Flops { get; init; }

    /// <summary>
    /// The largest error allowed if products and attention are computed in bf16, as a share of the result's root mean square. Rounding
    /// changes a number by at most 2^-9 of it; the bound is a few of those, for the largest error of thousands.
    /// </summary>
    public double NarrowBound { get; init; } = WideBound;

    /// <summary>The same if all arithmetic is fp32.</summary>
    public const double WideBound = 2e-4;

    /// <summary>Whether the first column of the result holds tokens, which must be equal.</summary>
    public bool IsChoice { get; init; }

    public override string ToString() => $"{Name}, {Sizes}";
}
