using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>The addresses of the rows of a parameter that a product reads, all in order or those of a list, and their format.</summary>
internal readonly unsafe struct WeightRows
{
    private readonly byte* data; // any alignment
    private readonly byte* matrix; // the first row of the parameter, from which blocks of Nf4 are counted
    private readonly nint stride, groups; // bytes and scales of a row
    private readonly int* places; // which rows, or null for all
    private readonly ushort* scales; // bfloat16 [rows, groups], for Nf4 fp32 [blocks], or null
    private readonly DType valueType; // of Nf4

    /// <summary>Rows of a parameter.</summary>
    /// <param name="weight">The parameter; the caller keeps it alive.</param>
    /// <param name="places">Which of its rows, or null for all.</param>
    public WeightRows(HostWeight weight, int* places = null)
    {
        Format = weight.DType;
        data = matrix = weight.Data;
        valueType = weight.ValueType;
        stride = (nint)Format.RowBytes(weight.Columns);
        groups = (nint)Format.Groups(weight.Columns);
        this.places = places;
        scales = weight.Scales;
    }

    /// <summary>Rows of fp32 numbers.</summary>
    /// <param name="data">The first row.</param>
    /// <param name="stride">Numbers between the starts of rows.</param>
    public WeightRows(float* data, nint stride)
    {
        Format = DType.F32;
        this.data = (byte*)data;
        this.stride = stride * sizeof(float);
    }

    private WeightRows(in WeightRows rows, int first)
    {
        this = rows;
        if (places != null)
        {
            places += first;
            return;
        }

        data += first * stride;
        scales += first * groups;
    }

    /// <summary>How they are stored.</summary>
    public DType Format { get; }

    /// <summary>False for <c>default</c>, which stands for an absent optional parameter.</summary>
    public bool HasValue => data != null;

    /// <summary>Address of the n-th row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* At(int n) => data + (places == null ? n : places[n]) * stride;

    /// <summary>Address of the n-th row's scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort* ScalesAt(int n) => scales + (places == null ? n : places[n]) * groups;

    /// <summary>The same rows without the first ones.</summary>
    public WeightRows From(int first) => new(this, first);

    /// <summary>Widens a part of a row to fp32.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="column">First column; the first of a group for integers, an even one for Nf4.</param>
    /// <param name="count">Columns; whole groups for integers, an even number for Nf4.</param>
    /// <param name="target">[count].</param>
    /// <exception cref="NotSupportedException">There is no kernel for the storage format.</exception>
    public void Widen<V>(int row, int column, int count, float* target) where V : struct, ISimd<V>
    {
        switch (Format)
        {
            case DType.F32: WidenFloats<V, F32Format>(At(row) + (nint)column * sizeof(float), target, count); break;
            case DType.BF16: WidenFloats<V, BF16Format>(At(row) + (nint)column * sizeof(ushort), target, count); break;
            case DType.F16: WidenFloats<V, F16Format>(At(row) + (nint)column * sizeof(ushort), target, count); break;
            case DType.Int8: WidenGroups<V, Int8Format>(row, column, count, target); break;
            case DType.Int4: WidenGroups<V, Int4Format>(row, column, count, target); break;
            case DType.Nf4: WidenCodes<V>(At(row) + column / 2, count, target); break;
            default: throw Unknown();
        }
    }

    /// <summary>The exception for a storage format without a kernel.</summary>
    public NotSupportedException Unknown() => new($"The CPU backend has no kernel for weights stored as {Format}.");

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenFloats<V, F>(byte* source, float* target, int count) where V : struct, ISimd<V> where F : struct, IFloatFormat
    {
        int j = 0;
        for (; j + V.Count <= count; j += V.Count) V.Store(target + j, F.Load<V>(source + (nint)j * F.Size));
        for (; j < count; j++) target[j] = F.Load(source + (nint)j * F.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WidenGroups<V, Q>(int row, int column, int count, float* target)
        where V : struct, ISimd<V> where Q : struct, IUnpackedGroups
    {
        short* integers = stackalloc short[Q.Group];
        byte* group = At(row) + (nint)(column / Q.Group) * Q.Bytes;
        ushort* scale = ScalesAt(row) + column / Q.Group;
        for (float* end = target + count; target < end; target += Q.Group, group += Q.Bytes, scale++)
        {
            Q.Widen(group, integers);
            V factor = V.Broadcast(BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale)));
            for (int i = 0; i < Q.Group; i += V.Count) V.Store(target + i, V.LoadInt16(integers + i) * factor);
        }
    }

    // A run may begin and end within a block.
    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WidenCodes<V>(byte* source, int count, float* target) where V : struct, ISimd<V>
    {
        float* memory = stackalloc float[Nf4Format.Roomy(Nf4Format.TableLength)], table = Nf4Format.Align(memory);
        for (byte* end = source + (uint)count / 2; source < end;)
        {
            nuint place = (nuint)(source - matrix), inBlock = place % Nf4Format.BlockBytes;
            int bytes = (int)Math.Min((nuint)(end - source), Nf4Format.BlockBytes - inBlock);
            Nf4Format.MakeTable<V>(Unsafe.ReadUnaligned<float>((float*)scales + place / Nf4Format.BlockBytes), valueType, table);
            Nf4Format.Widen<V>(source, 2 * bytes, table, target);
            source += bytes;
            target += 2 * bytes;
        }
    }
}
