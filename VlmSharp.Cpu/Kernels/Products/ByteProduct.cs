using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>Integers of a group format with activations of 8 bits: the operands of <see cref="ByteTile"/>.</summary>
internal readonly unsafe struct ByteProduct<Q> : ITileProduct where Q : struct, IUnpackedGroups
{
    private const int Most = sbyte.MaxValue, Raise = 128; // of activations

    public static int Stride => ByteTile.Stride;

    public static int Elements(int k) => k / ByteTile.Bytes;

    public static int PanelRows(int k) => Elements(k) + k / ByteTile.Group; // u, a

    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>
    {
        byte* group = weight.At(row) + (nint)(column / Q.Group) * Q.Bytes;
        ushort* scale = weight.ScalesAt(row) + column / Q.Group;
        int* start = (int*)target + Tile.Stride / ByteTile.Bytes; // m
        float* scales = target + Stride - ByteTile.Groups;        // s
        for (sbyte* q = (sbyte*)target, end = q + count; q < end; group += Q.Bytes, scale++)
        {
            Q.UnpackBytes(group, q);
            float s = BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale));
            for (int i = 0; i < Q.Group; i += ByteTile.Group, q += ByteTile.Group)
            {
                *start++ = -Raise * IntegerInstructions.Sum32(q);
                *scales++ = s;
            }
        }
    }

    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* x, nint xStride, int rows, int k, float* panel, int width)
    {
        int length = PanelRows(k);
        float* block = stackalloc float[rows * length]; // [rows][elements of all groups, scales]
        short* integers = stackalloc short[ByteTile.Group];
        for (int t = 0; t < rows; t++)
        {
            byte* u = (byte*)(block + t * length);
            float* a = block + t * length + Elements(k), from = x + t * xStride;
            for (byte* end = u + k; u < end; u += ByteTile.Group, from += ByteTile.Group)
            {
                *a++ = Rounding.Round(from, ByteTile.Group, Most, integers);
                Vector128.Narrow(Raised(integers), Raised(integers + 8)).Store(u);
                Vector128.Narrow(Raised(integers + 16), Raised(integers + 24)).Store(u + 16);
            }
        }

        Packing.Transpose(block, length, rows, length, panel, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        ByteTile.Multiply<V>(a, b, c, cStride, k / ByteTile.Length, accumulate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyNarrow<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        ByteTile.MultiplyNarrow<V>(a, b, c, cStride, k / ByteTile.Length, accumulate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Raised(short* z) => (Vector128.Load(z) + Vector128.Create((short)Raise)).AsUInt16();
}
