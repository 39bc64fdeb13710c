using System.Globalization;

namespace VlmSharp.Gpu.Tests.Ptx.Parsing;

/// <summary>A type of PTX: s32, u64, f32, b16, pred. A register holds its value in the low bits of 64, the rest are zeros.</summary>
/// <param name="Kind">s, u, f, b, or p for predicates.</param>
/// <param name="Bits">Width of a value in bits; 8 for predicates.</param>
internal readonly record struct PtxType(char Kind, int Bits)
{
    public int Bytes => Bits / 8;

    public bool IsFloat => Kind == 'f';

    public bool IsSigned => Kind == 's';

    /// <summary>The type that a modifier names, or null.</summary>
    public static PtxType? Find(string name)
    {
        if (name == "pred") return new('p', 8);
        if (name.Length is < 2 or > 3 || !"subf".Contains(name[0], StringComparison.Ordinal)) return null;
        bool isNumber = int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits);
        return isNumber && bits is 8 or 16 or 32 or 64 ? new(name[0], bits) : null;
    }

    public static PtxType Parse(string name) => Find(name) ?? throw new NotSupportedException("type " + name);

    /// <summary>The integer in a register: sign or zeros above its width.</summary>
    public long Extend(ulong register) => (Kind, Bits) switch
    {
        ('s', 8) => (sbyte)register,
        ('s', 16) => (short)register,
        ('s', 32) => (int)register,
        (_, 8) => (byte)register,
        (_, 16) => (ushort)register,
        (_, 32) => (uint)register,
        _ => (long)register,
    };

    /// <summary>An integer as a register holds it.</summary>
    public ulong Wrap(long value) => Bits switch { 8 => (byte)value, 16 => (ushort)value, 32 => (uint)value, _ => (ulong)value };
}
