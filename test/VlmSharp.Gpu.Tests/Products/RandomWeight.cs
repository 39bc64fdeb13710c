using System.Runtime.InteropServices;
using VlmSharp.Compute;

namespace VlmSharp.Gpu.Tests.Products;

/// <summary>Parameters of random numbers in every format.</summary>
internal static class RandomWeight
{
    /// <summary>[rows, columns], numbers up to about 1. An f32 parameter has digits that bf16 does not hold.</summary>
    public static unsafe WeightData Of(DType format, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)format.ByteLength(rows, columns), pinned: true);
        int elements = (int)(rows * format.RowBytes(columns));
        if (format.IsQuantized())
        {
            random.NextBytes(bytes.AsSpan(0, elements));
            if (format == DType.Int8) bytes.AsSpan(0, elements).Replace((byte)128, (byte)127);
            if (format == DType.Nf4)
            {
                foreach (ref float scale in MemoryMarshal.Cast<byte, float>(bytes.AsSpan(elements))) scale = random.NextSingle();
                return new WeightData($"random {format}", format, rows, columns, Start(), bytes, Start() + elements, DType.BF16);
            }

            float one = format == DType.Int8 ? 1 / 127f : 1 / 8f;
            foreach (ref ushort scale in MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan(elements)))
                scale = BFloat16.FromSingle(one * Next(random));
        }
        else if (format == DType.F32)
        {
            foreach (ref float x in MemoryMarshal.Cast<byte, float>(bytes.AsSpan())) x = Next(random);
        }
        else
        {
            foreach (ref ushort x in MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()))
                x = format == DType.BF16 ? BFloat16.FromSingle(Next(random)) : BitConverter.HalfToUInt16Bits((Half)Next(random));
        }

        return new WeightData($"random {format}", format, rows, columns, Start(), bytes, format.IsQuantized() ? Start() + elements : 0);

        nint Start() => (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref bytes[0]);
    }

    private static float Next(Random random) => 2 * random.NextSingle() - 1;
}
