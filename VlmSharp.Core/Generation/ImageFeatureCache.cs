using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// The image tokens of pictures that the encoder has processed, so that a second question about a picture need not run it again. They stay
/// on the backend, and the least recently used are dropped first. A hit gives exactly the numbers of the first time.
/// </summary>
/// <remarks>
/// The key is the SHA-256 of the resized pixels. Besides the model, they are the encoder's only input, so the key reflects the file's bytes
/// and all preprocessing settings, and a picture that was drawn on is another picture.
/// With an adapter that changes the encoder, the adapter is part of the key.
/// Only the encoder's output can be reused: image tokens attend to the prompt, so their keys and values depend on it.
/// Thread-safe. Setting the limit waits for the step that is running.
/// </remarks>
public sealed class ImageFeatureCache
{
    /// <summary>The default limit: 128 MiB, 64 pictures of PaliGemma-3B at 224 pixels.</summary>
    public const long DefaultMaxBytes = 128L << 20;

    private readonly Lock gate; // the lock of the backend, whose memory the entries are
    private readonly Dictionary<PictureKey, LinkedListNode<(PictureKey Key, Matrix Features)>> entries = [];
    private readonly LinkedList<(PictureKey Key, Matrix Features)> byUse = []; // the most recent first
    private long maxBytes = DefaultMaxBytes, bytes, hits, misses;

    internal ImageFeatureCache(Lock gate) => this.gate = gate;

    /// <summary>The most memory that entries may take, in bytes; 0 keeps nothing.</summary>
    public long MaxBytes
    {
        get => Volatile.Read(ref maxBytes);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            lock (gate)
            {
                maxBytes = value;
                Evict(maxBytes);
            }
        }
    }

    /// <summary>The memory that entries take, in bytes.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Pictures that did not need the encoder.</summary>
    public long Hits => Volatile.Read(ref hits);

    /// <summary>Pictures that the encoder processed.</summary>
    public long Misses => Volatile.Read(ref misses);

    /// <summary>
    /// Turns pictures into image tokens. Those that are not in the cache go through the encoder together, and equal pictures are encoded
    /// once. Called during a step.
    /// </summary>
    /// <param name="model">The model; always the same one.</param>
    /// <param name="pictures">n keys, each with its pixels [3 * S * S].</param>
    /// <returns>[n * N, h], as from <see cref="PaliGemmaModel.EncodeImages"/>.</returns>
    internal Matrix Encode(PaliGemmaModel model, IReadOnlyList<(PictureKey Key, float[] Pixels)> pictures)
    {
        var found = new Dictionary<PictureKey, Matrix>(); // holds a reference to each
        var unknown = new List<(PictureKey Key, float[] Pixels)>();
        try
        {
            foreach (var picture in pictures)
            {
                if (found.ContainsKey(picture.Key) || unknown.Exists(p => p.Key == picture.Key)) hits++;
                else if (Find(picture.Key) is { HasValue: true } features) found.Add(picture.Key, features.Retain());
                else unknown.Add(picture);
            }

            misses += unknown.Count;
            if (unknown.Count == pictures.Count && unknown.TrueForAll(p => p.Key.Adapter == unknown[0].Key.Adapter))
                return EncodeNew(model, unknown);
            foreach (var group in unknown.GroupBy(p => p.Key.Adapter))
            {
                List<(PictureKey Key, float[] Pixels)> together = [.. group];
                using Matrix encoded = EncodeNew(model, together); // [m * N, h]
                for (int i = 0; i < together.Count; i++) found.Add(together[i].Key, Picture(model, encoded, i));
            }

            return pictures.Count == 1 ? found[pictures[0].Key].Retain() : model.Backend.JoinRows([.. pictures.Select(p => found[p.Key])]);
        }
        finally
        {
            foreach (Matrix features in found.Values) features.Dispose();
        }
    }

    /// <summary>Whether a picture is in the cache. Called during a step; does not count as a use.</summary>
    internal bool Contains(PictureKey key) => entries.ContainsKey(key);

    /// <summary>Removes all entries. Must come before the backend is disposed of, because the entries are its memory.</summary>
    internal void Clear() => Evict(0);

    /// <summary>Runs the encoder on different pictures that all have the same adapter or none, and keeps the results.</summary>
    private Matrix EncodeNew(PaliGemmaModel model, List<(PictureKey Key, float[] Pixels)> pictures)
    {
        Matrix encoded = Run(model, pictures); // [m * N, h]
        long each = encoded.Length * sizeof(float) / pictures.Count;
        try
        {
            for (int i = 0; i < pictures.Count && each <= maxBytes; i++) Keep(pictures[i].Key, Picture(model, encoded, i));
            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    /// <summary>Runs the encoder on pictures that all have the same adapter or none, and keeps nothing: [m * N, h].</summary>
    internal static Matrix Run(PaliGemmaModel model, List<(PictureKey Key, float[] Pixels)> pictures, ITraceSink? trace = null)
    {
        float[] pixels = [.. pictures.SelectMany(p => p.Pixels)];
        using Matrix planes = model.Backend.Upload(pixels, pictures.Count, pixels.Length / pictures.Count); // [m, 3 * S * S]
        return model.EncodeImages(planes, trace, pictures[0].Key.Adapter);
    }

    /// <summary>The image tokens [N, h] of one of several pictures.</summary>
    private static Matrix Picture(PaliGemmaModel model, Matrix encoded, int index)
    {
        int tokens = model.Config.Vision.Patches;
        if (encoded.Rows == tokens) return encoded.Retain();
        using Indices rows = model.Backend.Upload([.. Enumerable.Range(index * tokens, tokens)]);
        return model.Backend.SelectRows(encoded, rows);
    }

    private Matrix Find(PictureKey key)
    {
        if (!entries.TryGetValue(key, out var node)) return default;
        byUse.Remove(node);
        byUse.AddFirst(node);
        hits++;
        return node.Value.Features;
    }

    private void Keep(PictureKey key, Matrix features)
    {
        entries.Add(key, byUse.AddFirst((key, features)));
        bytes += features.Length * sizeof(float);
        Evict(maxBytes);
    }

    private void Evict(long limit)
    {
        while (bytes > limit && byUse.Last is { } oldest)
        {
            byUse.RemoveLast();
            entries.Remove(oldest.Value.Key);
            bytes -= oldest.Value.Features.Length * sizeof(float);
            oldest.Value.Features.Dispose();
        }
    }
}
