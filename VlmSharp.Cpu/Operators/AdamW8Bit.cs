using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<AdamW8Bit>
{
    private const int Block = AdamW8Bit.BlockLength;

    /// <summary>
    /// AdamW on blocks of 256 numbers, divided among the threads. The codes take most of the time; they are looked up one by one.
    /// </summary>
    public void Run(in AdamW8Bit op, HostMatrix y)
    {
        long length = op.Gradient.Length;
        var blocks = new EightBitBlocks
        {
            W = new ParameterPieces(op.Weight.OnHost(), op.Master.OptionalOnHost()),
            G = op.Gradient.OnHost().Data,
            M = (byte*)op.FirstCodes.OnHost().Data,
            S = (byte*)op.SecondCodes.OnHost().Data,
            FirstScales = op.FirstScales.OnHost().Data,
            SecondScales = op.SecondScales.OnHost().Data,
            Length = length,
            Map = new AdamMap(op.Step),
        };
        // A number costs as much as several numbers of a simple operator.
        RowLoop.Run(context.Team, blocks, checked((int)((length + Block - 1) / Block)), 8 * Block);
    }

    private struct EightBitBlocks : IRowKernel
    {
        public ParameterPieces W;
        public float* G, FirstScales, SecondScales;
        public byte* M, S;
        public long Length;
        public AdamMap Map;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            float* g = stackalloc float[Block], w = stackalloc float[Block], m = stackalloc float[Block], s = stackalloc float[Block];
            long start = (long)row * Block;
            int count = (int)Math.Min(Block, Length - start);
            float* target = W.At(start);
            Read(DynamicMap.Signed.Values, M + start, FirstScales[row], m, count);
            Read(DynamicMap.Unsigned.Values, S + start, SecondScales[row], s, count);
            new ReadOnlySpan<float>(G + start, count).CopyTo(new(g, count));
            new ReadOnlySpan<float>(target, count).CopyTo(new(w, count));
            // A short block is padded with zeros: their moments stay 0 and change no scale.
            new Span<float>(g + count, Block - count).Clear();
            new Span<float>(w + count, Block - count).Clear();
            for (int i = 0; i < Block; i += V.Count)
            {
                V x = V.Load(w + i), a = V.Load(m + i), b = V.Load(s + i);
                Map.Apply(ref x, V.Load(g + i), ref a, ref b);
                V.Store(w + i, x);
                V.Store(m + i, a);
                V.Store(s + i, b);
            }

            new ReadOnlySpan<float>(w, count).CopyTo(new(target, count));
            W.Finish(start, count);
            FirstScales[row] = Write(DynamicMap.Signed, isSigned: true, m, M + start, count);
            SecondScales[row] = Write(DynamicMap.Unsigned, isSigned: false, s, S + start, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(ReadOnlySpan<float> map, byte* codes, float scale, float* target, int count)
    {
        for (int i = 0; i < count; i++) target[i] = map[codes[i]] * scale;
        new Span<float>(target + count, Block - count).Clear();
    }

    /// <summary>Writes a block's codes; its numbers are padded with zeros.</summary>
    /// <returns>Its scale: the largest magnitude.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Write(DynamicMap map, bool isSigned, float* x, byte* codes, int count)
    {
        float largest = Math.Max(RowMath.Max<V>(x, Block), 0);
        if (isSigned) largest = Math.Max(largest, LargestBelowZero(x));
        if (!(largest > 0))
        {
            new Span<byte>(codes, count).Clear();
            return largest;
        }

        for (int i = 0; i < Block; i += V.Count) V.Store(x + i, V.Load(x + i) / V.Broadcast(largest));
        byte zero = map.Nearest(0);
        for (int i = 0; i < count; i++)
        {
            byte code = map.Nearest(x[i]);
            // A moment that is not 0 keeps its sign; if its nearest code is 0, it gets the code next to 0 with its sign.
            if (code == zero && isSigned && x[i] != 0) code = (byte)(x[i] > 0 ? zero + 1 : zero - 1);
            codes[i] = code;
        }

        return largest;
    }

    private static float LargestBelowZero(float* x)
    {
        float* negative = stackalloc float[Block];
        for (int i = 0; i < Block; i += V.Count) V.Store(negative + i, V.Zero - V.Load(x + i));
        return RowMath.Max<V>(negative, Block);
    }
}
