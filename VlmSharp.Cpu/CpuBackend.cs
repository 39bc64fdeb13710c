using VlmSharp.Compute.Host;
using VlmSharp.Compute.Reference;
using VlmSharp.Cpu.Kernels.Attention;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Operators;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu;

/// <summary>
/// The fast backend in host memory: every operator uses the widest vector registers of the processor and all its cores.
/// Parameters are read in place, in their storage format. Sums are in fp32.
/// </summary>
/// <remarks>
/// Layers: <see cref="CpuOperators{V}"/>, one file per operator, compiled for one width of registers -> <c>Kernels</c> (products,
/// attention, rows) -> <c>Formats</c> and <c>Simd</c> (storage formats and registers) and <see cref="ThreadTeam"/>.
/// </remarks>
public sealed unsafe class CpuBackend : HostBackend
{
    private readonly CpuContext context;
    private readonly SimdTier tier;

    /// <summary>Creates the backend and starts its threads.</summary>
    /// <param name="options">Threads and vector registers; null to use the whole machine.</param>
    /// <exception cref="ArgumentException">
    /// The processor lacks the requested vector registers, or the number of threads is not above 0.
    /// </exception>
    public CpuBackend(CpuBackendOptions? options = null) : this(Machine(options ?? new CpuBackendOptions())) { }

    // Operators without a kernel here (copying rows, appending to caches) are as fast in the reference's loops.
    private CpuBackend((SimdTier Tier, CpuContext Context) machine)
        : base(Operators(machine.Tier, machine.Context), new ReferenceOperators()) =>
        (tier, context) = machine;

    private static (SimdTier Tier, CpuContext Context) Machine(CpuBackendOptions options) =>
        (SimdTiers.Resolve(options.Simd, options.AllowEmulation),
            new CpuContext(options.ResolveThreads(), options.ResolveActivationBits()));

    private static object Operators(SimdTier tier, CpuContext context) => tier switch
    {
        SimdTier.Vector512 => new CpuOperators<V512>(context),
        SimdTier.Vector256 => new CpuOperators<V256>(context),
        _ => new CpuOperators<V128>(context),
    };

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override string Description =>
        $"{SimdTiers.InstructionSet(tier)}, {SimdTiers.Bits(tier)}-bit vectors, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    /// <summary>The vector registers in use; never Auto.</summary>
    public SimdTier Simd => tier;

    /// <summary>Bits of the activations beside 8-bit weights, 8 or 16 (<see cref="CpuBackendOptions.ActivationBits"/>).</summary>
    public int ActivationBits => context.ActivationBits;

    /// <summary>The threads that share the work of each operator, the calling one included.</summary>
    internal ThreadTeam Team => context.Team;

    /// <summary>Threads that work on an operator, the caller included.</summary>
    public override int Threads => context.Team.Count;

    /// <summary>Bytes of scratch memory that the kernels have allocated.</summary>
    public long ScratchBytes => context.ScratchBytes;

    /// <summary>
    /// The most scratch memory that the kernels need: packed activations for all threads and, for each thread, blocks of weights or keys,
    /// sums and scores. Only a gated layer whose two parameters have different storage formats needs more: its second product.
    /// </summary>
    /// <param name="widestRow">The most features that go into a product.</param>
    /// <param name="patches">Patches of a picture.</param>
    /// <param name="patchColumns">Numbers of a patch, or the features of a patch if these are more.</param>
    /// <param name="threads">Threads of the backend, each with its own scratch.</param>
    /// <returns>Bytes.</returns>
    internal static long MostScratchBytes(long widestRow, long patches, long patchColumns, int threads) =>
        sizeof(float) * (Math.Max(ProductBlocks.SharedFloats(widestRow), AttentionBlocks.SharedFloats) +
            threads * Math.Max(ProductBlocks.ThreadFloats, AttentionBlocks.ThreadFloats) +
            Math.Max(patches, ProductBlocks.PatchRows) * patchColumns);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        context.Dispose();
        base.Dispose(disposing);
    }
}
