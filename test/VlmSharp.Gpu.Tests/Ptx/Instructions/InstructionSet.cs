using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>Finds the implementation of an instruction: each family knows its own.</summary>
internal static class InstructionSet
{
    private static readonly Func<Statement, Execute?>[] Families =
    [
        Moves.Decode, Fast.Decode, Integers.Decode, BitInstructions.Decode, Floats.Decode, Comparisons.Decode, Conversions.Decode,
        Loads.Decode, Stores.Decode, Atomics.Decode, Copies.Decode,
    ];

    private static readonly Func<Statement, Execute?>[] WarpFamilies = [Shuffles.Decode, Votes.Decode, Matrices.Decode];

    public static (FlowKind Flow, Execute Execute) Decode(Statement s)
    {
        foreach (Func<Statement, Execute?> family in Families)
            if (family(s) is { } execute) return (FlowKind.Plain, execute);
        foreach (Func<Statement, Execute?> family in WarpFamilies)
            if (family(s) is { } execute) return (FlowKind.WarpWide, execute);
        throw s.NotSupported();
    }
}
