using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>
/// shfl.sync: each lane gets another lane's register. bar.warp.sync: the lanes' accesses to memory before it are ordered before those
/// after.
/// </summary>
internal static unsafe class Shuffles
{
    public static Execute? Decode(Statement s)
    {
        if (s.Name == "bar.warp.sync")
        {
            RequireAll(s, 0);
            return (warp, _) => warp.Epoch++;
        }

        if (s.Parts[0] != "shfl") return null;
        if (s.Operands.Length != 5 || s.Parts[1] != "sync") throw s.NotSupported();
        RequireAll(s, 4);
        return Shuffle(s);
    }

    /// <summary>The lanes that take part: only whole warps here.</summary>
    public static void RequireAll(Statement s, int operand)
    {
        if (s.Operands.Length <= operand || (uint)s.Constant(operand) != uint.MaxValue)
            throw new NotSupportedException("members other than the whole warp: " + s.Text);
    }

    /// <summary>
    /// The last operand but one clamps: bits 0 to 4 the last lane (up: the first), bits 8 to 12 those bits of a lane that never change.
    /// A lane that would pass it gets its own value.
    /// </summary>
    private static Execute Shuffle(Statement s)
    {
        int d = s.Register(0), a = s.Operand(1), b = s.Operand(2), c = s.Operand(3);
        string mode = s.Parts[2];
        return (warp, _) =>
        {
            ulong* r = warp.R;
            ulong* values = stackalloc ulong[Warp.Lanes];
            for (int lane = 0; lane < Warp.Lanes; lane++) values[lane] = r[a + lane];
            for (int lane = 0; lane < Warp.Lanes; lane++)
            {
                int by = (int)r[b + lane] & 31, clamp = (int)r[c + lane] & 31, segment = ((int)r[c + lane] >> 8) & 31;
                int limit = (lane & segment) | (clamp & ~segment);
                int from = mode switch
                {
                    "bfly" => lane ^ by,
                    "down" => lane + by,
                    "up" => lane - by,
                    "idx" => (lane & segment) | (by & ~segment),
                    _ => throw new NotSupportedException(mode),
                };
                bool isInside = mode == "up" ? from >= limit : from <= limit;
                r[d + lane] = values[isInside ? from : lane];
            }
        };
    }
}
