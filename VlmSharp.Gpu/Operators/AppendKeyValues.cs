using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AppendKeyValues>
{
    private static readonly Kernel<KeyValueArgs>
        AppendBFloat16Kernel = new("AppendKeyValues, bf16", KeyValueRows.Kernel<BFloat16Kv>, KeyValueRows.Threads),
        AppendFloat32Kernel = new("AppendKeyValues, fp32", KeyValueRows.Kernel<Float32Kv>, KeyValueRows.Threads);

    /// <summary>Writes the step's rows after the past of their sequence.</summary>
    public Matrix Run(in AppendKeyValues op, MatrixShape shape)
    {
        Store(op.K, op.V, op.Step.OnDevice(), op.Layer, context.Arena.View);
        return default;
    }

    private void Store(Matrix k, Matrix v, DeviceStepTable step, int layer, ArrayView<U4> memory)
    {
        using Matrix keys = context.Widen(k), values = context.Widen(v);
        int chunks = DeviceBlock.RowChunks(k.Columns);
        Launch(IsKvNarrow ? AppendBFloat16Kernel : AppendFloat32Kernel, Elements(2L * k.Rows * chunks), new KeyValueArgs
        {
            K = keys.Floats(),
            V = values.Floats(),
            Sequences = step.Sequences,
            RowSequences = step.RowSequences,
            Memory = memory,
            Width = k.Columns,
            Layer = layer,
        });
    }

    /// <summary>Whether keys and values are kept in bf16; otherwise in fp32.</summary>
    private bool IsKvNarrow => context.KvCacheFormat == DType.BF16;
}
