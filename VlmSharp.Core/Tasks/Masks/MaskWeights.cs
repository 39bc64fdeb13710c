using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Formats;

namespace VlmSharp.Tasks.Masks;

/// <summary>The weights of the mask network, from <c>vae-oid.npz</c> or from a safetensors file with the same names.</summary>
internal sealed class MaskWeights : IDisposable
{
    /// <summary>The names that the file may have in a model folder.</summary>
    public static readonly string[] FileNames = ["vae-oid.npz", "vae-oid.safetensors"];

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly NpzFile? npz;
    private readonly SafetensorsFile? safetensors;

    private MaskWeights(NpzFile? npz, SafetensorsFile? safetensors) => (this.npz, this.safetensors) = (npz, safetensors);

    /// <summary>The path of the file in a model folder, or null.</summary>
    public static string? Find(string directory) => FileNames.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>Opens a file of either format, which its first bytes tell.</summary>
    /// <exception cref="ModelFormatException">It cannot be opened or is damaged.</exception>
    public static MaskWeights Open(string path) => IsZip(path) ? new(NpzFile.Open(path), null) : new(null, SafetensorsFile.Open(path));

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="shape">The shape that it must have.</param>
    /// <returns>Its elements, row-major.</returns>
    /// <exception cref="ModelFormatException">It does not exist, or has another shape or type.</exception>
    public float[] Read(string name, params ReadOnlySpan<long> shape)
    {
        float[] values = ReadFloats(name, shape);
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n"));
        hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>SHA-256 of the tensors read so far, in their order. It is the same for either format.</summary>
    public string Fingerprint() => Convert.ToHexStringLower(hash.GetCurrentHash());

    private float[] ReadFloats(string name, ReadOnlySpan<long> shape)
    {
        if (npz is not null) return npz.ReadFloats(name, shape);
        if (safetensors!.Entries.TryGetValue(name, out SafetensorsEntry? entry) && !entry.Shape.AsSpan().SequenceEqual(shape))
            throw new ModelFormatException($"{safetensors.Path} holds {entry}, where {MessageText.Shape(shape.ToArray())} belongs.");
        return safetensors.ReadFloats(name);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        hash.Dispose();
        npz?.Dispose();
        safetensors?.Dispose();
    }

    private static bool IsZip(string path)
    {
        Span<byte> start = stackalloc byte[2];
        try
        {
            using FileStream stream = File.OpenRead(path);
            return stream.ReadAtLeast(start, 2, throwOnEndOfStream: false) == 2 && start.SequenceEqual("PK"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false; // the reader of the other format reports the problem
        }
    }
}
