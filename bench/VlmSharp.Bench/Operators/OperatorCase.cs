using VlmSharp.Compute;

namespace VlmSharp.Bench.Operators;

/// <summary>An operator at some sizes: to be measured on a backend, or compared between two.</summary>
/// <param name="Name">The operator, and the format of its weights.</param>
/// <param name="Sizes">The sizes.</param>
/// <param name="Prepare">Makes the arguments, and gives the call.</param>
internal sealed record OperatorCase(string Name, OperatorSizes Sizes, Func<OperatorInputs, Func<Matrix>> Prepare)
{
    /// <summary>Bytes that it must read and write, or 0 where there is no floor.</summary>
    public double Bytes { get; init; }

    /// <summary>Operations that it must do.</summary>
    public double Flops { get; init; }

    /// <summary>
    /// The largest error allowed where products and attention are computed in bf16, in shares of the result's root mean square. A number's rounding
    /// is 2^-9 of it at most; the bound is some of those, for the largest number of thousands.
    /// </summary>
    public double NarrowBound { get; init; } = WideBound;

    /// <summary>The same where all arithmetic is fp32.</summary>
    public const double WideBound = 2e-4;

    /// <summary>Whether the result has tokens in its first column, which must be equal.</summary>
    public bool IsChoice { get; init; }

    public override string ToString() => $"{Name}, {Sizes}";
}
