using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>Where the rows of a parameter lie that a product takes: all in order, or those of a list.</summary>
/// <param name="data">The parameter's first row; any alignment.</param>
/// <param name="stride">Bytes of a row.</param>
/// <param name="places">Which rows, or null for all.</param>
/// <param name="scales">bfloat16 scales of a quantized parameter [rows, groups], or null.</param>
/// <param name="groups">Scales of a row.</param>
internal readonly unsafe struct WeightRows(byte* data, nint stride, int* places, ushort* scales = null, nint groups = 0)
{
    private readonly byte* data = data;
    private readonly nint stride = stride, groups = groups;
    private readonly int* places = places;
    private readonly ushort* scales = scales;

    /// <summary>False for <c>default</c>, which stands for an optional parameter left out.</summary>
    public bool HasValue => data != null;

    /// <summary>Address of the n-th row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* At(int n) => data + (places == null ? n : places[n]) * stride;

    /// <summary>Address of the n-th row's scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort* ScalesAt(int n) => scales + (places == null ? n : places[n]) * groups;

    /// <summary>The same without the first rows.</summary>
    public WeightRows From(int first) => places == null
        ? new(data + first * stride, stride, null, scales + first * groups, groups)
        : new(data, stride, places + first, scales, groups);
}
