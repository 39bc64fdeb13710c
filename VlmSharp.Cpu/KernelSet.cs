using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Attention;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu;

/// <summary>The operators for one width of registers. The width is chosen once; below this call everything is compiled for it.</summary>
internal abstract class KernelSet
{
    /// <summary>The operators of a tier.</summary>
    public static KernelSet For(SimdTier tier) => tier switch
    {
        SimdTier.Vector512 => new KernelSet<V512>(),
        SimdTier.Vector256 => new KernelSet<V256>(),
        _ => new KernelSet<V128>(),
    };

    public abstract void PatchEmbed(CpuContext context, HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y);

    public abstract void MatrixProduct(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y);

    public abstract void LinearRows(CpuContext context, HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y);

    public abstract void LayerNorm(CpuContext context, HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y);

    public abstract void RmsNorm(CpuContext context, HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y);

    public abstract void Rope(CpuContext context, HostMatrix x, HostMatrix angles, HostMatrix y);

    public abstract void Attention(CpuContext context, HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y);

    public abstract void Embed(CpuContext context, HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y);

    public abstract void SoftCap(CpuContext context, HostMatrix x, float cap, HostMatrix y);

    public abstract void LogSoftmax(CpuContext context, HostMatrix x, HostMatrix y);

    public abstract (int Index, float Value) ArgMax(ReadOnlySpan<float> row);
}

/// <summary>The operators on registers of type <typeparamref name="V"/>.</summary>
internal sealed unsafe class KernelSet<V> : KernelSet where V : struct, ISimd<V>
{
    public override void PatchEmbed(CpuContext context, HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y) =>
        Kernels.Products.PatchEmbed.Run<V>(context, pixels, kernel, bias, positions, side, patch, y);

    public override void MatrixProduct(CpuContext context, HostMatrix x, HostWeight weight, HostWeight? up, in Epilogue epilogue, HostMatrix y) =>
        Kernels.Products.MatrixProduct.Run<V>(context, x, weight, up, epilogue, y);

    public override void LinearRows(CpuContext context, HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y) =>
        Kernels.Products.LinearRows.Run<V>(context, x, weight, rows, y);

    public override void LayerNorm(CpuContext context, HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y) =>
        LayerNorm<V>.Run(context, x, weight, bias, epsilon, y);

    public override void RmsNorm(CpuContext context, HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y) =>
        RmsNorm<V>.Run(context, x, weight, epsilon, residual, y);

    public override void Rope(CpuContext context, HostMatrix x, HostMatrix angles, HostMatrix y) => Rope<V>.Run(context, x, angles, y);

    public override void Attention(CpuContext context, HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y) =>
        TiledAttention<V>.Run(context, q, keys, values, slice, spec, y);

    public override void Embed(CpuContext context, HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) =>
        Kernels.Rows.Embed.Run<V>(context, table, ids, scale, y);

    public override void SoftCap(CpuContext context, HostMatrix x, float cap, HostMatrix y) => SoftCap<V>.Run(context, x, cap, y);

    public override void LogSoftmax(CpuContext context, HostMatrix x, HostMatrix y) => LogSoftmax<V>.Run(context, x, y);

    public override (int Index, float Value) ArgMax(ReadOnlySpan<float> row)
    {
        fixed (float* x = row) return Kernels.Rows.ArgMax.Run<V>(x, row.Length);
    }
}
