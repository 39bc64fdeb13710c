namespace VlmSharp.Cli.Measurement;

/// <summary>The two speeds that bound every kernel.</summary>
/// <param name="BytesPerSecond">Of memory outside all caches: the floor of decode, which reads every weight once per token.</param>
/// <param name="FlopsPerSecond">A multiply and an add count as two: the floor of prefill and the vision encoder.</param>
internal readonly record struct Limits(double BytesPerSecond, double FlopsPerSecond)
{
    /// <summary>The better of two measurements, separately for each limit: other programs can only make it worse.</summary>
    public Limits Best(Limits other) => new(Math.Max(BytesPerSecond, other.BytesPerSecond), Math.Max(FlopsPerSecond, other.FlopsPerSecond));

    /// <summary>The minimum time of some work in seconds: reading and computing can overlap, so it is the longer of the two.</summary>
    /// <param name="bytes">Bytes that must be read from memory.</param>
    /// <param name="flops">Floating-point operations that must be done.</param>
    public double FloorSeconds(double bytes, double flops) => Math.Max(bytes / BytesPerSecond, flops / FlopsPerSecond);
}
