using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Attention>
{
    private static readonly Kernel<AttentionArgs>
        PortableBFloat16Kernel = new("flash attention, bf16", PortableFlash.Kernel<BFloat16Kv>, PortableFlash.Threads),
        PortableFloat32Kernel = new("flash attention, fp32", PortableFlash.Kernel<Float32Kv>, PortableFlash.Threads);

    private static readonly Kernel<DecodeArgs>
        PieceBFloat16Kernel = new("decode attention, bf16", DecodeAttention.Piece<BFloat16Kv>, DecodeAttention.Threads),
        PieceFloat32Kernel = new("decode attention, fp32", DecodeAttention.Piece<Float32Kv>, DecodeAttention.Threads),
        PieceTensorCoreKernel = new("decode attention on tensor cores", TensorCoreDecode.Piece, TensorCoreDecode.Threads),
        CombineKernel = new("decode attention, pieces joined", DecodeAttention.Combine, DecodeAttention.Threads);

    /// <summary>The kernels of attention, so that each can be loaded and verified.</summary>
    public static IReadOnlyList<Kernel> AttentionKernels =>
    [
        .. IsNarrow
            ? [.. FlashKernels<Head80>.All, .. FlashKernels<Head128>.All, .. FlashKernels<Head256>.All, PieceTensorCoreKernel]
            : (IReadOnlyList<Kernel>)[PortableBFloat16Kernel, PortableFloat32Kernel],
        PieceBFloat16Kernel, PieceFloat32Kernel, CombineKernel, AppendBFloat16Kernel, AppendFloat32Kernel, CopyKeyValuesKernel,
        WeightsBFloat16Kernel, WeightsFloat32Kernel,
    ];

    /// <summary>
    /// y_i = sum_j p_j v_j for each sequence over its own rows, p = softmax of the capped scores. The step's keys and values are first laid
    /// out as a cache with one layer, so that the kernels need no special case. The result feeds a product.
    /// </summary>
    public Matrix Run(in Attention op, MatrixShape shape)
    {
        int rowFloats = DeviceWeight.ChunksOf(context.KvCacheFormat, op.K.Columns) * 4;
        using Matrix own = context.Allocate(2 * op.K.Rows, rowFloats); // [2, T, K * D] in the format of caches
        ArrayView<U4> memory = own.Block().Buffer.View.BaseView;
        DeviceStepTable step = op.Step.OnDevice();
        Store(op.K, op.V, step, 0, memory);
        return Attend(op.Q, step, 0, op.Spec, memory, shape);
    }

    /// <summary>
    /// Sequences with many rows and those with one row have separate kernels; each skips the sequences of the other.
    /// </summary>
    private Matrix Attend(Matrix q, DeviceStepTable step, int layer, in AttentionSpec spec, ArrayView<U4> memory, MatrixShape shape)
    {
        if (spec.HeadDim > DecodeAttention.MostHeadDim)
            throw new NotSupportedException(
                $"Attention: heads of {spec.HeadDim} features; the GPU backend has at most {DecodeAttention.MostHeadDim}.");
        using Matrix query = context.Widen(q);
        Matrix y = AllocateForProduct(shape); // [T, H * D]
        AttentionArgs args = ArgsOf(query, step, layer, spec, memory);
        args.Y = RowTarget.Of(y);
        bool isLarge = spec.HeadDim > PortableFlash.MostHeadDim; // no model has such heads: row by row is good enough
        if (!isLarge && step.MostRows > 1) AttendMany(step, args);
        if (isLarge || step.HasSingleRows) AttendSingle(step, args, everyRow: isLarge);
        return y;
    }

    /// <summary>All arguments except the result.</summary>
    private static AttentionArgs ArgsOf(Matrix q, DeviceStepTable step, int layer, in AttentionSpec spec, ArrayView<U4> memory) => new()
    {
        Q = q.Floats(),
        Memory = memory,
        Sequences = step.Sequences,
        RowSequences = step.RowSequences,
        Layer = layer,
        Heads = spec.Heads,
        KvHeads = spec.KvHeads,
        HeadDim = spec.HeadDim,
        Window = spec.Window,
        Scale = spec.Scale,
        SoftCap = spec.SoftCap,
        InverseSoftCap = 1 / spec.SoftCap,
    };

    private void AttendMany(DeviceStepTable step, in AttentionArgs args)
    {
        int queries = IsNarrow ? TensorCoreFlash.Queries : PortableFlash.Queries, bytes = 0;
        Kernel<AttentionArgs> kernel = IsKvNarrow ? PortableBFloat16Kernel : PortableFloat32Kernel;
        if (IsNarrow) (kernel, bytes) = Flash(args.HeadDim);
        Launch(kernel, new LaunchGrid((step.MostRows + queries - 1) / queries, args.Heads, step.Slices, bytes), args);
    }

    /// <summary>The tensor core kernel that is large enough for the head, and its shared memory.</summary>
    private (Kernel<AttentionArgs> Kernel, int SharedBytes) Flash(int headDim)
    {
        if (headDim <= 80) return Flash<Head80>();
        return headDim <= 128 ? Flash<Head128>() : Flash<Head256>();
    }

    private (Kernel<AttentionArgs> Kernel, int SharedBytes) Flash<THead>() where THead : struct, IHeadSize =>
        (IsKvNarrow ? FlashKernels<THead>.BFloat16 : FlashKernels<THead>.Float32, TensorCoreFlash.SharedBytes<THead>());

    private void AttendSingle(DeviceStepTable step, in AttentionArgs args, bool everyRow)
    {
        int rows = everyRow ? step.Rows : step.Slices, pieces = (step.MostKeys + DecodeAttention.Keys - 1) / DecodeAttention.Keys;
        bool fits = args.HeadDim % TensorCoreDecode.HeadDimStep == 0 && args.HeadDim <= TensorCoreDecode.MostHeadDim;
        bool onTensorCores = IsNarrow && IsKvNarrow && fits;
        Kernel<DecodeArgs> kernel = onTensorCores ? PieceTensorCoreKernel : IsKvNarrow ? PieceBFloat16Kernel : PieceFloat32Kernel;
        int all = checked(rows * args.Heads * pieces);
        using Matrix sums = context.Allocate(all, args.HeadDim), scales = context.Allocate(all, 2);
        var decode = new DecodeArgs
        {
            Attention = args,
            Sums = sums.Floats(),
            Scales = scales.Floats(),
            Pieces = pieces,
            EveryRow = everyRow ? 1 : 0,
        };
        Launch(kernel, new LaunchGrid(pieces, DecodeHeads.Groups(args.Heads, args.KvHeads), rows), decode);
        Launch(CombineKernel, new LaunchGrid(args.Heads, rows), decode);
    }
}
