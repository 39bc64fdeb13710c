using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Flash attention on tensor cores, compiled for one head size.</summary>
internal static class FlashKernels<THead> where THead : struct, IHeadSize
{
    /// <summary>For keys and values in bf16.</summary>
    public static Kernel<AttentionArgs> BFloat16 { get; } = Create("bf16", TensorCoreFlash.Kernel<BFloat16Kv, THead>);

    /// <summary>For keys and values in fp32.</summary>
    public static Kernel<AttentionArgs> Float32 { get; } = Create("fp32", TensorCoreFlash.Kernel<Float32Kv, THead>);

    public static IReadOnlyList<Kernel> All => [BFloat16, Float32];

    private static Kernel<AttentionArgs> Create(string format, Action<AttentionArgs> body) =>
        new($"flash attention on tensor cores, heads up to {16 * THead.Blocks}, {format}", body,
            TensorCoreFlash.Threads, THead.GroupsPerProcessor);
}
