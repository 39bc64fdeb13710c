using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Attention;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu;

/// <summary>
/// The fast backend in host memory: every operator on the widest vector registers of the processor and on all its cores.
/// Parameters are read in place, in their storage format. Sums are in fp32.
/// </summary>
/// <remarks>
/// Layers: this class -> <see cref="KernelSet"/> (chooses the register width) -> one file per operator in <c>Kernels</c> ->
/// <see cref="ISimd{V}"/> and <c>Formats</c> (registers and storage formats) and <see cref="ThreadTeam"/>.
/// </remarks>
public sealed unsafe class CpuBackend : HostBackend
{
    private readonly CpuContext context;
    private readonly KernelSet kernels;
    private readonly SimdTier tier;

    /// <summary>Creates the backend and starts its threads.</summary>
    /// <param name="options">Threads and vector registers; null for all that the machine has.</param>
    /// <exception cref="ArgumentException">The processor lacks the vector registers asked for, or the number of threads is not above 0.</exception>
    public CpuBackend(CpuBackendOptions? options = null)
    {
        options ??= new CpuBackendOptions();
        tier = SimdTiers.Resolve(options.Simd, options.AllowEmulation);
        kernels = KernelSet.For(tier);
        context = new CpuContext(options.ResolveThreads());
    }

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override string Description =>
        $"{SimdTiers.InstructionSet(tier)}, {SimdTiers.Bits(tier)}-bit vectors, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    /// <summary>The vector registers in use; never Auto.</summary>
    public SimdTier Simd => tier;

    /// <summary>The threads.</summary>
    internal ThreadTeam Team => context.Team;

    /// <summary>Threads that work on an operator, the caller included.</summary>
    public override int Threads => context.Team.Count;

    /// <summary>Bytes of scratch memory that the kernels have taken.</summary>
    public long ScratchBytes => context.ScratchBytes;

    /// <summary>The most scratch memory that the kernels take: packed activations for all threads, and for each blocks of weights or keys, sums, scores. Only a gated layer whose two parameters are stored in different formats takes more: its second product.</summary>
    /// <param name="widestRow">The most features that go into a product.</param>
    /// <param name="patches">Patches of a picture.</param>
    /// <param name="patchColumns">Numbers of a patch, or features of one where these are more.</param>
    /// <param name="threads">Threads.</param>
    /// <returns>Bytes.</returns>
    public static long MostScratchBytes(long widestRow, long patches, long patchColumns, int threads) =>
        sizeof(float) * (Math.Max(ProductBlocks.SharedFloats(widestRow), AttentionBlocks.SharedFloats) + threads * Math.Max(ProductBlocks.ThreadFloats, AttentionBlocks.ThreadFloats) +
            Math.Max(patches, ProductBlocks.PatchRows) * patchColumns);

    /// <inheritdoc/>
    protected override void ComputePatchEmbed(HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y) =>
        kernels.PatchEmbed(context, pixels, kernel, bias, positions, side, patch, y);

    /// <inheritdoc/>
    protected override void ComputeLinear(HostMatrix x, HostWeight weight, HostWeight? bias, Activation activation, HostMatrix residual, HostMatrix y)
    {
        fixed (float* b = bias is null ? default : bias.Vector())
            kernels.MatrixProduct(context, x, weight, null, new Epilogue { Bias = b, Activation = activation, Residual = residual }, y);
    }

    /// <inheritdoc/>
    protected override void ComputeLinearRows(HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y) =>
        kernels.LinearRows(context, x, weight, rows, y);

    /// <inheritdoc/>
    protected override void ComputeGatedLinear(HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y) =>
        kernels.MatrixProduct(context, x, gate, up, default, y);

    /// <inheritdoc/>
    protected override void ComputeLayerNorm(HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y) =>
        kernels.LayerNorm(context, x, weight, bias, epsilon, y);

    /// <inheritdoc/>
    protected override void ComputeRmsNorm(HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y) =>
        kernels.RmsNorm(context, x, weight, epsilon, residual, y);

    /// <inheritdoc/>
    protected override void ComputeRotaryAngles(SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y) =>
        Kernels.Rows.RotaryAngles.Run(context, batch, frequencyBase, positionBase, y);

    /// <inheritdoc/>
    protected override void ComputeRope(HostMatrix x, HostMatrix angles, HostMatrix y) => kernels.Rope(context, x, angles, y);

    /// <inheritdoc/>
    protected override void ComputeAttention(HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y) =>
        kernels.Attention(context, q, keys, values, slice, spec, y);

    /// <inheritdoc/>
    protected override void ComputeEmbed(HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) =>
        kernels.Embed(context, table, ids, scale, y);

    /// <inheritdoc/>
    protected override void ComputeSoftCap(HostMatrix x, float cap, HostMatrix y) => kernels.SoftCap(context, x, cap, y);

    /// <inheritdoc/>
    protected override void ComputeLogSoftmax(HostMatrix x, HostMatrix y) => kernels.LogSoftmax(context, x, y);

    /// <inheritdoc/>
    protected override (int Index, float Value) ComputeArgMax(ReadOnlySpan<float> row) => kernels.ArgMax(row);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        context.Dispose();
        base.Dispose(disposing);
    }
}
