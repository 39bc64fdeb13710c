using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>
/// The instructions of inner loops, without a call for each lane. The others are a function each (<see
/// cref="Lanewise"/>).
/// </summary>
internal static unsafe class Fast
{
    private interface IFunction
    {
        static abstract ulong Of(ulong a, ulong b, ulong c);
    }

    public static Execute? Decode(Statement s) => s.Name switch
    {
        "mov.b32" or "mov.u32" or "mov.s32" or "mov.f32" => Loop<Move32>(s, 1),
        "mov.b64" or "mov.u64" or "mov.s64" or "mov.f64" or "mov.pred" => Loop<Move64>(s, 1),
        "add.s32" or "add.u32" => Loop<Add32>(s, 2),
        "sub.s32" or "sub.u32" => Loop<Subtract32>(s, 2),
        "mul.lo.s32" or "mul.lo.u32" => Loop<Multiply32>(s, 2),
        "mad.lo.s32" or "mad.lo.u32" => Loop<MultiplyAdd32>(s, 3),
        "add.s64" or "add.u64" => Loop<Add64>(s, 2),
        "mul.lo.s64" or "mul.lo.u64" => Loop<Multiply64>(s, 2),
        "mad.lo.s64" or "mad.lo.u64" => Loop<MultiplyAdd64>(s, 3),
        "mul.wide.u32" => Loop<MultiplyWide>(s, 2),
        "cvt.s64.s32" => Loop<Widen>(s, 1),
        "and.b32" => Loop<And>(s, 2),
        "shl.b32" => Loop<ShiftLeft32>(s, 2),
        "shr.u32" => Loop<ShiftRight32>(s, 2),
        "add.f32" or "add.rn.f32" => Loop<AddFloat>(s, 2),
        "sub.f32" or "sub.rn.f32" => Loop<SubtractFloat>(s, 2),
        "mul.f32" or "mul.rn.f32" => Loop<MultiplyFloat>(s, 2),
        "fma.rn.f32" => Loop<FusedFloat>(s, 3),
        "setp.lt.s32" => Loop<Less>(s, 2),
        "setp.ge.s32" => Loop<GreaterEqual>(s, 2),
        _ => null,
    };

    private static Execute Loop<T>(Statement s, int operands) where T : struct, IFunction
    {
        int d = s.Register(0), a = s.Operand(1), b = operands > 1 ? s.Operand(2) : a, c = operands > 2 ? s.Operand(3) : a;
        return (warp, lanes) =>
        {
            ulong* to = warp.R + d, x = warp.R + a, y = warp.R + b, z = warp.R + c;
            if (lanes == uint.MaxValue)
                for (int lane = 0; lane < Warp.Lanes; lane++) to[lane] = T.Of(x[lane], y[lane], z[lane]);
            else
                for (uint m = lanes; m != 0; m &= m - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(m);
                    to[lane] = T.Of(x[lane], y[lane], z[lane]);
                }
        };
    }

    private static float F(ulong register) => BitConverter.UInt32BitsToSingle((uint)register);

    private static ulong U(float value) => BitConverter.SingleToUInt32Bits(value);

    private readonly struct Move32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)a;
    }

    private readonly struct Move64 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => a;
    }

    private readonly struct Add32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)(a + b);
    }

    private readonly struct Subtract32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)(a - b);
    }

    private readonly struct Multiply32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)(a * b);
    }

    private readonly struct MultiplyAdd32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)(a * b + c);
    }

    private readonly struct Add64 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => a + b;
    }

    private readonly struct Multiply64 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => a * b;
    }

    private readonly struct MultiplyAdd64 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => a * b + c;
    }

    private readonly struct MultiplyWide : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (ulong)(uint)a * (uint)b;
    }

    private readonly struct Widen : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (ulong)(int)a;
    }

    private readonly struct And : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)(a & b);
    }

    private readonly struct ShiftLeft32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)b > 31 ? 0 : (uint)a << (int)b;
    }

    private readonly struct ShiftRight32 : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (uint)b > 31 ? 0 : (uint)a >> (int)b;
    }

    private readonly struct AddFloat : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => U(F(a) + F(b));
    }

    private readonly struct SubtractFloat : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => U(F(a) - F(b));
    }

    private readonly struct MultiplyFloat : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => U(F(a) * F(b));
    }

    private readonly struct FusedFloat : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => U(MathF.FusedMultiplyAdd(F(a), F(b), F(c)));
    }

    private readonly struct Less : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (int)a < (int)b ? 1ul : 0;
    }

    private readonly struct GreaterEqual : IFunction
    {
        public static ulong Of(ulong a, ulong b, ulong c) => (int)a >= (int)b ? 1ul : 0;
    }
}
