using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>
/// A fault of the reference's hybrid cache (PaliGemma 2) that some expected values contain. When a token fills the last slot, the
/// reference shifts the windowed layers by one, so the oldest key is lost and a key and value of zeros comes before the new one.
/// </summary>
public static class HybridCacheFault
{
    /// <summary>Applies the fault to a cache, before the step that fills the last slot.</summary>
    /// <param name="kept">The cache, which must be in host memory.</param>
    /// <param name="config">The configuration that says which layers are windowed. Gemma 1 has none.</param>
    public static void Apply(KvCache kept, TextConfig config)
    {
        HostKvCache cache = kept.OnHost();
        foreach (int layer in WindowedLayers(config))
            foreach (HostMatrix rows in new[] { cache.Keys(layer), cache.Values(layer) })
                Shift(rows.Part(0, cache.Length).AsSpan(), cache.Width);
    }

    /// <summary>The layers that have the fault.</summary>
    public static IEnumerable<int> WindowedLayers(TextConfig config) =>
        Enumerable.Range(0, config.Layers).Where(layer => config.SlidingLayers[layer]);

    /// <summary>Moves rows up by one and fills the last with zeros.</summary>
    /// <param name="rows">Keys or values of a layer: [length, width].</param>
    /// <param name="width">The number of values in a row.</param>
    public static void Shift(Span<float> rows, int width)
    {
        rows[width..].CopyTo(rows);
        rows[^width..].Clear();
    }

    private static unsafe Span<float> AsSpan(this HostMatrix x) => new(x.Data, x.Rows * x.Columns);
}
