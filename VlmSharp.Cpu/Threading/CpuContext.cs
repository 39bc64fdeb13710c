namespace VlmSharp.Cpu.Threading;

/// <summary>The threads and the scratch memory for the operators of one backend.</summary>
internal sealed unsafe class CpuContext(int threads, int activationBits) : IDisposable
{
    private readonly NativeBuffer perThread = new();

    /// <summary>Bits of an activation in products with 8-bit weights: 8 or 16.</summary>
    public int ActivationBits { get; } = activationBits;

    /// <summary>The threads that share the work of each operator, the calling one included.</summary>
    public ThreadTeam Team { get; } = new(threads);

    /// <summary>Scratch that all threads read: packed activations, partial results.</summary>
    public NativeBuffer Shared { get; } = new();

    /// <summary>The patches of a picture as rows, while the matrix product uses <see cref="Shared"/>.</summary>
    public NativeBuffer Patches { get; } = new();

    /// <summary>
    /// The second product of a gated layer whose two parameters have different storage formats, while the products use the other buffers.
    /// </summary>
    public NativeBuffer SecondProduct { get; } = new();

    /// <summary>The scores of a chunk of the vocabulary, while the products use the other buffers.</summary>
    public NativeBuffer Scores { get; } = new();

    /// <summary>
    /// Scratch for each thread: that of worker w starts w * <paramref name="floats"/> (rounded up to <paramref name="stride"/>) after the
    /// result.
    /// </summary>
    public float* PerThread(long floats, out long stride)
    {
        stride = (floats + 15) / 16 * 16;
        return perThread.Reserve(stride * Team.Count);
    }

    /// <summary>Bytes of all scratch memory.</summary>
    public long ScratchBytes => perThread.Bytes + Shared.Bytes + Patches.Bytes + SecondProduct.Bytes + Scores.Bytes;

    public void Dispose()
    {
        Team.Dispose();
        Shared.Dispose();
        Patches.Dispose();
        SecondProduct.Dispose();
        Scores.Dispose();
        perThread.Dispose();
    }
}
