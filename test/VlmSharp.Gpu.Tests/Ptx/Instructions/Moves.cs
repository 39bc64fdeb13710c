using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>mov with vectors, selp, and cvta, which changes the kind of an address.</summary>
internal static unsafe class Moves
{
    public static Execute? Decode(Statement s) => s.Parts[0] switch
    {
        "mov" when s.Operands[0][0] == '{' => Unpack(s),
        "mov" when s.Operands[1][0] == '{' => Pack(s),
        "mov" when s.Type.Bits < 32 => Lanewise.Unary(s, a => s.Type.Wrap((long)a)),
        "selp" => Lanewise.Ternary(s, (a, b, p) => s.Type.Wrap((long)(p != 0 ? a : b))),
        "cvta" => ChangeSpace(s),
        "membar" or "fence" => Nothing,
        _ => null,
    };

    /// <summary>Only barriers order memory here.</summary>
    private static void Nothing(Warp warp, uint lanes)
    {
    }

    /// <summary>Generic addresses are those of global memory, and windows on the others (<see cref="GenericAddress"/>).</summary>
    private static Execute ChangeSpace(Statement s)
    {
        ulong window = GenericAddress.Window(s.Space);
        return s.Has("to") ? Lanewise.Unary(s, a => a - window) : Lanewise.Unary(s, a => a + window);
    }

    /// <summary>mov.b64 d, {low, high}.</summary>
    private static Execute Pack(Statement s)
    {
        int d = s.Register(0), bits = s.Type.Bits;
        int[] parts = s.Vector(1);
        int each = bits / parts.Length;
        return (warp, lanes) =>
        {
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                ulong all = 0;
                for (int i = 0; i < parts.Length; i++) all |= (warp.R[parts[i] + lane] & ((1ul << each) - 1)) << (i * each);
                warp.R[d + lane] = all;
            }
        };
    }

    /// <summary>mov.b64 {low, high}, a.</summary>
    private static Execute Unpack(Statement s)
    {
        int a = s.Operand(1), bits = s.Type.Bits;
        int[] parts = s.Vector(0);
        int each = bits / parts.Length;
        return (warp, lanes) =>
        {
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                ulong all = warp.R[a + lane];
                for (int i = 0; i < parts.Length; i++) warp.R[parts[i] + lane] = (all >> (i * each)) & ((1ul << each) - 1);
            }
        };
    }
}
