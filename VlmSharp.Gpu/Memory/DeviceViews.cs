using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>Turns handles into the views of device memory that kernels take, exactly as long as their content.</summary>
internal static class DeviceViews
{
    /// <summary>The block behind a matrix.</summary>
    public static DeviceBlock Block(this Matrix x) =>
        x.Storage as DeviceBlock ?? throw new ArgumentException($"The matrix {x} belongs to another backend.");

    /// <summary>The numbers of a matrix that is kept in fp32: [rows, columns].</summary>
    public static ArrayView<float> Floats(this Matrix x)
    {
        DeviceBlock block = x.Block();
        if (block.IsNarrow) throw new InvalidOperationException($"The matrix {x} is kept in bf16.");
        return block.Buffer.View.BaseView.Cast<float>().SubView(0, x.Length);
    }

    /// <summary>The same for a matrix that may be missing; the view is then empty.</summary>
    public static ArrayView<float> OptionalFloats(this Matrix x) => x.HasValue ? x.Floats() : default;

    /// <summary>The numbers of a matrix that is kept in bf16: [rows, chunks of 16 bytes].</summary>
    public static ArrayView<U4> Chunks(this Matrix x)
    {
        DeviceBlock block = x.Block();
        if (!block.IsNarrow) throw new InvalidOperationException($"The matrix {x} is kept in fp32.");
        return block.Buffer.View.BaseView.SubView(0, (long)x.Rows * DeviceBlock.RowChunks(x.Columns));
    }

    /// <summary>The integers: [n].</summary>
    public static ArrayView<int> Integers(this Indices x) => x.Storage is DeviceBlock block
        ? block.Buffer.View.BaseView.Cast<int>().SubView(0, x.Count)
        : throw new ArgumentException($"The indices {x} belong to another backend.");

    /// <summary>A parameter of this backend.</summary>
    public static DeviceWeight OnDevice(this Weight weight) =>
        weight as DeviceWeight ?? throw new ArgumentException($"The weight {weight} belongs to another backend.");

    /// <summary>A cache of this backend.</summary>
    public static DeviceKvCache OnDevice(this KvCache? cache) =>
        cache as DeviceKvCache ?? throw new ArgumentException("A sequence has no KV cache of this backend.");

    /// <summary>The step's table of this backend.</summary>
    public static DeviceStepTable OnDevice(this StepTable step) =>
        step as DeviceStepTable ?? throw new ArgumentException("The step was prepared by another backend.");
}
