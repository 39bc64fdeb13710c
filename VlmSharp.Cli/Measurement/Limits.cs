namespace VlmSharp.Cli.Measurement;

/// <summary>The two speeds that bound every kernel.</summary>
/// <param name="BytesPerSecond">Of memory that no cache holds: the floor under decode, which touches every weight once per token.</param>
/// <param name="FlopsPerSecond">A multiply and an add counting as two: the floor under prefill and the vision encoder.</param>
internal readonly record struct Limits(double BytesPerSecond, double FlopsPerSecond)
{
    /// <summary>The better of two measurements, each limit by itself: other programs can only make it worse.</summary>
    public Limits Best(Limits other) => new(Math.Max(BytesPerSecond, other.BytesPerSecond), Math.Max(FlopsPerSecond, other.FlopsPerSecond));

    /// <summary>The least seconds that work can take: reading and computing may overlap, so it is the longer of the two.</summary>
    /// <param name="bytes">Bytes that must be read from memory.</param>
    /// <param name="flops">Floating-point operations that must be done.</param>
    public double FloorSeconds(double bytes, double flops) => Math.Max(bytes / BytesPerSecond, flops / FlopsPerSecond);
}
