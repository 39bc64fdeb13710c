namespace VlmSharp.Tasks.Masks;

/// <summary>Activations of a small convolutional network: [height, width, channels], fp32.</summary>
/// <param name="Height">Number of rows, y.</param>
/// <param name="Width">Number of columns, x.</param>
/// <param name="Channels">Values at each position.</param>
/// <param name="Values">Row-major; the channels of a position are contiguous.</param>
internal sealed record FeatureMap(int Height, int Width, int Channels, float[] Values)
{
    /// <summary>A map of zeros.</summary>
    public FeatureMap(int height, int width, int channels) : this(height, width, channels, new float[height * width * channels]) { }

    /// <summary>The channels at a position.</summary>
    public Span<float> At(int y, int x) => Values.AsSpan((y * Width + x) * Channels, Channels);

    /// <summary>Whether a position is inside.</summary>
    public bool Has(int y, int x) => (uint)y < (uint)Height && (uint)x < (uint)Width;
}
