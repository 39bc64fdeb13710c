using System.Diagnostics.CodeAnalysis;
using VlmSharp.Compute;

namespace VlmSharp.Formats;

/// <summary>The element types that a safetensors file may hold, named as in its header.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "These are the format's own names.")]
internal enum SafetensorsType
{
    /// <summary>Truth value, one byte.</summary>
    Bool,

    /// <summary>Unsigned, 8 bits.</summary>
    U8,

    /// <summary>Signed, 8 bits.</summary>
    I8,

    /// <summary>8-bit float, 5 exponent bits.</summary>
    F8E5M2,

    /// <summary>8-bit float, 4 exponent bits.</summary>
    F8E4M3,

    /// <summary>8-bit power of two.</summary>
    F8E8M0,

    /// <summary>Unsigned, 16 bits.</summary>
    U16,

    /// <summary>Signed, 16 bits.</summary>
    I16,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>Unsigned, 32 bits.</summary>
    U32,

    /// <summary>Signed, 32 bits.</summary>
    I32,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>Two binary32: a complex number.</summary>
    C64,

    /// <summary>Unsigned, 64 bits.</summary>
    U64,

    /// <summary>Signed, 64 bits.</summary>
    I64,

    /// <summary>IEEE 754 binary64.</summary>
    F64,
}

/// <summary>Facts about each <see cref="SafetensorsType"/>.</summary>
internal static class SafetensorsTypes
{
    /// <summary>Bytes that one element takes.</summary>
    /// <param name="type">The element type.</param>
    /// <returns>1, 2, 4 or 8.</returns>
    public static int Size(this SafetensorsType type) => type switch
    {
        < SafetensorsType.U16 => 1,
        < SafetensorsType.U32 => 2,
        < SafetensorsType.C64 => 4,
        _ => 8,
    };

    /// <summary>The name in a file's header, such as <c>BF16</c>.</summary>
    /// <param name="type">The element type.</param>
    /// <returns>The name.</returns>
    public static string HeaderName(this SafetensorsType type) => type switch
    {
        SafetensorsType.Bool => "BOOL",
        SafetensorsType.F8E5M2 => "F8_E5M2",
        SafetensorsType.F8E4M3 => "F8_E4M3",
        SafetensorsType.F8E8M0 => "F8_E8M0",
        _ => type.ToString(),
    };

    /// <summary>The storage format of weights that have this element type.</summary>
    /// <param name="type">The element type.</param>
    /// <returns>The format, or null when weights are never stored this way.</returns>
    public static DType? AsDType(this SafetensorsType type) => type switch
    {
        SafetensorsType.F32 => DType.F32,
        SafetensorsType.BF16 => DType.BF16,
        SafetensorsType.F16 => DType.F16,
        SafetensorsType.I8 => DType.Int8,
        SafetensorsType.U8 => DType.Int4, // two to a byte
        _ => null,
    };

    /// <summary>The element type that stores a weight.</summary>
    /// <param name="type">The weight's storage format.</param>
    /// <returns>The element type; U8 for Int4 and Nf4, with two numbers to a byte.</returns>
    public static SafetensorsType AsSafetensorsType(this DType type) => type switch
    {
        DType.F32 => SafetensorsType.F32,
        DType.BF16 => SafetensorsType.BF16,
        DType.Int8 => SafetensorsType.I8,
        DType.Int4 or DType.Nf4 => SafetensorsType.U8,
        _ => SafetensorsType.F16,
    };

    /// <summary>The element type with a name from a header.</summary>
    /// <param name="name">The name, such as <c>BF16</c>.</param>
    /// <returns>The type, or null when VlmSharp does not know it.</returns>
    internal static SafetensorsType? Parse(string name)
    {
        foreach (SafetensorsType type in Enum.GetValues<SafetensorsType>())
            if (type.HeaderName() == name) return type;
        return null;
    }
}
