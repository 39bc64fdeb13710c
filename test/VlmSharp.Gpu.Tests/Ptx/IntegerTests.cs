namespace VlmSharp.Gpu.Tests.Ptx;

public class IntegerTests
{
    private static readonly ulong[] Words = [0, 1, 2, 7, 31, 32, 33, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffff9,
        0x12345678, 0xdeadbeef, 0x0000ffff, 0x00ff00ff];

    private static readonly ulong[] Longs =
        [0, 1, 3, 63, 64, 0x7fffffff, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
            0xfffffffffffffff9, 0x123456789abcdef0, 0xdeadbeefcafebabe];

    [Fact]
    public void Sums_and_products_of_32_bits_wrap()
    {
        foreach (string t in new[] { "s32", "u32" })
        {
            Snippet.Agrees($"add.{t} d, a, b;", Words, (a, b, _) => (uint)a + (uint)b & 0xffffffff);
            Snippet.Agrees($"sub.{t} d, a, b;", Words, (a, b, _) => unchecked((uint)a - (uint)b));
            Snippet.Agrees($"mul.lo.{t} d, a, b;", Words, (a, b, _) => unchecked((uint)a * (uint)b));
            Snippet.Agrees($"mad.lo.{t} d, a, b, c;", Words, (a, b, c) => unchecked((uint)a * (uint)b + (uint)c));
        }
    }

    [Fact]
    public void Sums_and_products_of_64_bits_wrap()
    {
        Snippet.Agrees("add.s64 d, a, b;", Longs, (a, b, _) => a + b);
        Snippet.Agrees("sub.s64 d, a, b;", Longs, (a, b, _) => a - b);
        Snippet.Agrees("mul.lo.s64 d, a, b;", Longs, (a, b, _) => a * b);
        Snippet.Agrees("mad.lo.u64 d, a, b, c;", Longs, (a, b, c) => a * b + c);
    }

    [Fact]
    public void Products_have_an_upper_half()
    {
        Snippet.Agrees("mul.wide.u32 d, a, b;", Words, (a, b, _) => a * b);
        Snippet.Agrees("mul.wide.s32 d, a, b;", Words, (a, b, _) => (ulong)((long)(int)a * (int)b));
        Snippet.Agrees("mul.wide.s16 d, a, b;", Words, (a, b, _) => (uint)((short)a * (short)b));
        Snippet.Agrees("mad.wide.u32 d, a, b, c;", Words, (a, b, c) => a * b + c);
        Snippet.Agrees("mad.wide.s32 d, a, b, c;", Words, (a, b, c) => (ulong)((long)(int)a * (int)b + (long)c));
        Snippet.Agrees("mul.hi.u32 d, a, b;", Words, (a, b, _) => (a * b) >> 32);
        Snippet.Agrees("mul.hi.s32 d, a, b;", Words, (a, b, _) => (uint)(((long)(int)a * (int)b) >> 32));
        Snippet.Agrees("mul.hi.u64 d, a, b;", Longs, (a, b, _) => (ulong)((UInt128)a * b >> 64));
        Snippet.Agrees("mul.hi.s64 d, a, b;", Longs, (a, b, _) => (ulong)((Int128)(long)a * (long)b >> 64));
    }

    [Fact]
    public void Quotients_are_cut_towards_zero()
    {
        // Division by zero has no defined result.
        ulong[] words = Words[1..], longs = Longs[1..];
        Snippet.Agrees("div.u32 d, a, b;", words, (a, b, _) => a / b);
        Snippet.Agrees("rem.u32 d, a, b;", words, (a, b, _) => a % b);
        Snippet.Agrees("div.s32 d, a, b;", words, (a, b, _) => (uint)((long)(int)a / (int)b));
        Snippet.Agrees("rem.s32 d, a, b;", words, (a, b, _) => (uint)((long)(int)a % (int)b));
        Snippet.Agrees("div.u64 d, a, b;", longs, (a, b, _) => a / b);
        Snippet.Agrees("rem.u64 d, a, b;", longs, (a, b, _) => a % b);
        Snippet.Agrees("div.s64 d, a, b;", longs, (a, b, _) => (ulong)(long)((Int128)(long)a / (long)b));
        Snippet.Agrees("rem.s64 d, a, b;", longs, (a, b, _) => (ulong)(long)((Int128)(long)a % (long)b));
    }

    [Fact]
    public void The_smaller_the_larger_the_opposite_and_the_magnitude_know_signs()
    {
        Snippet.Agrees("min.s32 d, a, b;", Words, (a, b, _) => (uint)Math.Min((int)a, (int)b));
        Snippet.Agrees("max.s32 d, a, b;", Words, (a, b, _) => (uint)Math.Max((int)a, (int)b));
        Snippet.Agrees("min.u32 d, a, b;", Words, (a, b, _) => Math.Min(a, b));
        Snippet.Agrees("max.u32 d, a, b;", Words, (a, b, _) => Math.Max(a, b));
        Snippet.Agrees("min.s64 d, a, b;", Longs, (a, b, _) => (ulong)Math.Min((long)a, (long)b));
        Snippet.Agrees("max.u64 d, a, b;", Longs, (a, b, _) => Math.Max(a, b));
        Snippet.Agrees("neg.s32 d, a;", Words, (a, _, _) => (uint)-(int)a);
        Snippet.Agrees("neg.s64 d, a;", Longs, (a, _, _) => (ulong)-(long)a);
        Snippet.Agrees("abs.s32 d, a;", Words, (a, _, _) => (int)a < 0 ? (uint)-(int)a : a);
        Snippet.Agrees("abs.s64 d, a;", Longs, (a, _, _) => (long)a < 0 ? (ulong)-(long)a : a);
    }

    [Fact]
    public void Sixteen_bits_wrap_too()
    {
        ulong[] halves = [0, 1, 0x7fff, 0x8000, 0xffff, 0x1234];
        Snippet.Agrees("add.s16 d, a, b;", halves, (a, b, _) => (ushort)(a + b));
        Snippet.Agrees("mul.lo.u16 d, a, b;", halves, (a, b, _) => (ushort)(a * b));
        Snippet.Agrees("max.s16 d, a, b;", halves, (a, b, _) => (ushort)Math.Max((short)a, (short)b));
        Snippet.Agrees("shr.s16 d, a, b;", halves, (a, b, _) => (ushort)((short)a >> (int)Math.Min(b, 15)));
    }

    [Fact]
    public void Logic_and_shifts()
    {
        Snippet.Agrees("and.b32 d, a, b;", Words, (a, b, _) => a & b);
        Snippet.Agrees("or.b32 d, a, b;", Words, (a, b, _) => a | b);
        Snippet.Agrees("xor.b64 d, a, b;", Longs, (a, b, _) => a ^ b);
        Snippet.Agrees("not.b32 d, a;", Words, (a, _, _) => ~(uint)a);
        Snippet.Agrees("not.b64 d, a;", Longs, (a, _, _) => ~a);
        // A shift by the width or more leaves nothing, or the sign.
        Snippet.Agrees("shl.b32 d, a, b;", Words, (a, b, _) => b > 31 ? 0 : (uint)(a << (int)b));
        Snippet.Agrees("shr.u32 d, a, b;", Words, (a, b, _) => b > 31 ? 0 : a >> (int)b);
        Snippet.Agrees("shr.s32 d, a, b;", Words, (a, b, _) => (uint)((int)a >> (int)Math.Min(b, 31)));
        Snippet.Agrees("shl.b64 d, a, b;", Longs, (a, b, _) => (uint)b > 63 ? 0 : a << (int)b);
        Snippet.Agrees("shr.u64 d, a, b;", Longs, (a, b, _) => (uint)b > 63 ? 0 : a >> (int)b);
        Snippet.Agrees("shr.s64 d, a, b;", Longs, (a, b, _) => (ulong)((long)a >> (int)Math.Min((uint)b, 63)));
    }

    [Fact]
    public void Fields_and_counts_of_bits()
    {
        Snippet.Agrees("popc.b32 d, a;", Words, (a, _, _) => ulong.PopCount(a));
        Snippet.Agrees("popc.b64 d, a;", Longs, (a, _, _) => ulong.PopCount(a));
        Snippet.Agrees("clz.b32 d, a;", Words, (a, _, _) => uint.LeadingZeroCount((uint)a));
        Snippet.Agrees("clz.b64 d, a;", Longs, (a, _, _) => ulong.LeadingZeroCount(a));
        Snippet.Agrees("brev.b32 d, a;", Words,
            (a, _, _) => Convert.ToUInt32(new string([.. Convert.ToString((uint)a, 2).PadLeft(32, '0').Reverse()]), 2));
        Snippet.Agrees("bfe.u32 d, a, 5, 9;", Words, (a, _, _) => (a >> 5) & 0x1ff);
        Snippet.Agrees("bfe.s32 d, a, 5, 9;", Words, (a, _, _) => (uint)((int)((uint)a << 18) >> 23));
        Snippet.Agrees("bfe.u32 d, a, 28, 9;", Words, (a, _, _) => a >> 28);
        Snippet.Agrees("bfe.u64 d, a, 60, 9;", Longs, (a, _, _) => a >> 60);
        Snippet.Agrees("bfi.b32 d, a, b, 4, 8;", Words, (a, b, _) => (b & 0xfffff00f) | ((a & 0xff) << 4));
    }
}
