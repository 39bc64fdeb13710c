namespace VlmSharp.Compute;

/// <summary>How the numbers of a tensor are stored.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    F32,

    /// <summary>The upper half of a binary32: 8 exponent bits, 7 mantissa bits; 2 bytes.</summary>
    BF16,

    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    F16,
}

/// <summary>Facts about each <see cref="DType"/>.</summary>
internal static class DTypes
{
    /// <summary>Bytes that one element takes.</summary>
    /// <param name="type">The storage format.</param>
    /// <returns>4 for F32, 2 for BF16 and F16.</returns>
    public static int Size(this DType type) => type == DType.F32 ? 4 : 2;
}
