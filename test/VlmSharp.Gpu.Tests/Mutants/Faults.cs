using VlmSharp.Compute;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Faults that are possible in many kernels.</summary>
internal static class Faults
{
    /// <summary>Removes one barrier, counted from 0.</summary>
    public static Mutant NoBarrier(int occurrence) => Mutant.Replace("bar.sync\t0;", "", occurrence);

    /// <summary>Removes one barrier, each of the first few in turn.</summary>
    public static IEnumerable<Mutant> NoBarriers(int count) => Enumerable.Range(0, count).Select(NoBarrier);

    /// <summary>
    /// Lanes exchange with wrong lanes. The distances must be chosen with care: 16, 8, 5, 2, 1 reach all lanes too.
    /// </summary>
    public static Mutant Shuffle(int distance, int instead, int occurrence = 0) =>
        Mutant.ReplaceMatch($@"(shfl\.sync\.bfly\.b32\s+%f\d+, %f\d+), {distance},", $"$1, {instead},", occurrence);

    /// <summary>A guard against numbers past the end that lets everything through.</summary>
    public static Mutant NoGuard { get; } = Mutant.ReplaceMatch(@"setp\.ge\.s64(\s+%p\d+), (%rd\d+), %rd\d+;", "setp.lt.s64$1, $2, 0;", 0);

    /// <summary>The same numbers each time, up to <paramref name="scale"/>, which bf16 holds.</summary>
    public static float[] Numbers(int count, float scale = 1)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => BFloat16.ToSingle(BFloat16.FromSingle(scale * (2 * random.NextSingle() - 1))))];
    }
}
