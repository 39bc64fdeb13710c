using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>Instructions that do the same in each lane: the function of the operands' registers.</summary>
internal static unsafe class Lanewise
{
    public static Execute Unary(Statement s, Func<ulong, ulong> f)
    {
        int d = s.Register(0), a = s.Operand(1);
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                r[d + lane] = f(r[a + lane]);
            }
        };
    }

    public static Execute Binary(Statement s, Func<ulong, ulong, ulong> f)
    {
        int d = s.Register(0), a = s.Operand(1), b = s.Operand(2);
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                r[d + lane] = f(r[a + lane], r[b + lane]);
            }
        };
    }

    public static Execute Ternary(Statement s, Func<ulong, ulong, ulong, ulong> f)
    {
        int d = s.Register(0), a = s.Operand(1), b = s.Operand(2), c = s.Operand(3);
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                r[d + lane] = f(r[a + lane], r[b + lane], r[c + lane]);
            }
        };
    }

    public static Execute Quaternary(Statement s, Func<ulong, ulong, ulong, ulong, ulong> f)
    {
        int d = s.Register(0), a = s.Operand(1), b = s.Operand(2), c = s.Operand(3), e = s.Operand(4);
        return (warp, lanes) =>
        {
            ulong* r = warp.R;
            for (uint m = lanes; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                r[d + lane] = f(r[a + lane], r[b + lane], r[c + lane], r[e + lane]);
            }
        };
    }
}
