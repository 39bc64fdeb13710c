using System.Security.Cryptography;
using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// The image tokens of pictures that the encoder has seen, so that a second question on a picture does not pay for it again.
/// Entries are kept on the host, the least recently used leave first, and a hit gives the very numbers of the first time.
/// </summary>
/// <remarks>
/// The key is the SHA-256 of the resized pixels, which is all that the encoder depends on beside the model: the file's bytes
/// and every setting of the preprocessing have gone into it, and a picture that was drawn on is another picture.
/// Only the encoder's output can be reused: keys and values of image tokens depend on the prompt, to which they attend.
/// May be used from several threads.
/// </remarks>
public sealed class ImageFeatureCache
{
    /// <summary>The limit where none is set: 128 MiB, 64 pictures of PaliGemma-3B at 224 pixels.</summary>
    public const long DefaultMaxBytes = 128L << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<PictureKey, LinkedListNode<(PictureKey Key, float[] Features)>> entries = [];
    private readonly LinkedList<(PictureKey Key, float[] Features)> byUse = []; // the most recent first
    private long maxBytes = DefaultMaxBytes, bytes, hits, misses;

    /// <summary>The most memory that entries may take, in bytes; 0 keeps nothing.</summary>
    public long MaxBytes
    {
        get { lock (gate) return maxBytes; }
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            lock (gate)
            {
                maxBytes = value;
                Evict();
            }
        }
    }

    /// <summary>The memory that entries take, in bytes.</summary>
    public long Bytes { get { lock (gate) return bytes; } }

    /// <summary>Pictures that did not need the encoder.</summary>
    public long Hits { get { lock (gate) return hits; } }

    /// <summary>Pictures that the encoder saw.</summary>
    public long Misses { get { lock (gate) return misses; } }

    /// <summary>Pictures to image tokens: from the cache, or else all new ones together through the encoder. Equal pictures are encoded once.</summary>
    /// <param name="model">The model; always the same one.</param>
    /// <param name="pictures">n keys, each with its pixels [3 * S * S].</param>
    /// <returns>[n * N, h], as <see cref="PaliGemmaModel.EncodeImages"/>.</returns>
    internal Matrix Encode(PaliGemmaModel model, IReadOnlyList<(PictureKey Key, float[] Pixels)> pictures)
    {
        var known = new Dictionary<PictureKey, float[]>();
        var unknown = new List<(PictureKey Key, float[] Pixels)>();
        lock (gate)
        {
            foreach (var picture in pictures)
            {
                if (known.ContainsKey(picture.Key) || unknown.Exists(p => p.Key == picture.Key)) hits++;
                else if (Find(picture.Key) is { } features) known.Add(picture.Key, features);
                else unknown.Add(picture);
            }

            misses += unknown.Count;
        }

        int tokens = model.Config.Vision.Patches, width = model.Config.Text.HiddenSize;
        Run(model, unknown, tokens * width, known);

        float[] all = new float[checked(pictures.Count * tokens * width)]; // [n * N, h]
        for (int i = 0; i < pictures.Count; i++) known[pictures[i].Key].CopyTo(all, i * tokens * width);
        return model.Backend.Upload(all, pictures.Count * tokens, width);
    }

    private void Run(PaliGemmaModel model, List<(PictureKey Key, float[] Pixels)> pictures, int length, Dictionary<PictureKey, float[]> results)
    {
        if (pictures.Count == 0) return;
        float[] pixels = [.. pictures.SelectMany(p => p.Pixels)];
        float[] rows = new float[checked(pictures.Count * length)];
        using (Matrix planes = model.Backend.Upload(pixels, pictures.Count, pixels.Length / pictures.Count)) // [m, 3 * S * S]
        using (Matrix encoded = model.EncodeImages(planes)) // [m * N, h]
            model.Backend.Download(encoded, rows);
        lock (gate)
        {
            for (int i = 0; i < pictures.Count; i++)
            {
                float[] features = rows[(i * length)..((i + 1) * length)];
                results.Add(pictures[i].Key, features);
                Keep(pictures[i].Key, features);
            }
        }
    }

    private float[]? Find(PictureKey key)
    {
        if (!entries.TryGetValue(key, out var node)) return null;
        byUse.Remove(node);
        byUse.AddFirst(node);
        hits++;
        return node.Value.Features;
    }

    private void Keep(PictureKey key, float[] features)
    {
        if (SizeOf(features) > maxBytes || entries.ContainsKey(key)) return; // the latter: two threads saw it at once
        entries.Add(key, byUse.AddFirst((key, features)));
        bytes += SizeOf(features);
        Evict();
    }

    private void Evict()
    {
        while (bytes > maxBytes && byUse.Last is { } oldest)
        {
            byUse.RemoveLast();
            entries.Remove(oldest.Value.Key);
            bytes -= SizeOf(oldest.Value.Features);
        }
    }

    private static long SizeOf(float[] features) => (long)features.Length * sizeof(float);
}

/// <summary>Which picture: the SHA-256 of the pixels that the encoder sees.</summary>
internal readonly record struct PictureKey(UInt128 High, UInt128 Low)
{
    /// <summary>The key of a picture that has the model's size.</summary>
    /// <param name="image">S pixels square.</param>
    public static PictureKey Of(RgbImage image)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(image.Pixels, hash);
        return new PictureKey(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }
}
