using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>
/// A fault of the reference's hybrid cache (PaliGemma 2), which some expected values have in them: as a token fills its last slot it
/// shifts the windowed layers by one, so the oldest key is lost and a key and value of zeros stands before the new one.
/// </summary>
public static class HybridCacheFault
{
    /// <summary>Does the same to our cache, before the step that fills the last slot.</summary>
    /// <param name="kept">The cache, in host memory.</param>
    /// <param name="config">Says which layers are windowed; none of Gemma 1.</param>
    public static void Apply(KvCache kept, TextConfig config)
    {
        HostKvCache cache = kept.OnHost();
        for (int layer = 0; layer < config.Layers; layer++)
        {
            if (!config.SlidingLayers[layer]) continue;
            foreach (HostMatrix rows in new[] { cache.Keys(layer), cache.Values(layer) })
            {
                for (int i = 0; i + 1 < cache.Length; i++) rows.Row(i + 1).CopyTo(rows.Row(i));
                rows.Row(cache.Length - 1).Clear();
            }
        }
    }
}
