namespace VlmSharp.Gpu.Measurement;

/// <summary>
/// The speeds that bound every kernel of a device: how fast it reads its memory (the limit of decode, which reads every weight once per
/// token) and how fast it multiplies and adds (the limit of prefill and the vision encoder).
/// </summary>
/// <param name="ReadBandwidth">GB/s (10^9 bytes) of reading memory that no cache holds.</param>
/// <param name="CopyBandwidth">GB/s of copying it, counting reads and writes.</param>
/// <param name="Peak">GFLOP/s on registers; a multiply and an add count as two.</param>
/// <param name="HasTensorCores">Whether the peak is of matrix instructions, bf16 with sums in fp32; otherwise of fp32
/// multiply-adds.</param>
internal readonly record struct GpuLimits(double ReadBandwidth, double CopyBandwidth, double Peak, bool HasTensorCores);
