using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using VlmSharp.Imaging;

namespace VlmSharp.Formats;

/// <summary>
/// A NumPy <c>.npz</c> archive of float arrays: a zip file with one <c>.npy</c> file for each. An array is read on demand, and only if it
/// has the shape that its reader expects, so the file cannot decide how much memory is allocated.
/// </summary>
internal sealed class NpzFile : IDisposable
{
    /// <summary>The limit on the bytes of an archive; mask decoders have 8 MB.</summary>
    public const int MostBytes = 64 << 20;

    /// <summary>The limit on the number of arrays.</summary>
    public const int MostEntries = 4096;

    private readonly string path;
    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);

    private NpzFile(string path, ZipArchive archive)
    {
        this.path = path;
        this.archive = archive;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (!entry.FullName.EndsWith(".npy", StringComparison.Ordinal)) continue;
            string name = entry.FullName[..^".npy".Length];
            if (!entries.TryAdd(name, entry)) throw Damaged(path, $"it holds the array {MessageText.Quote(name)} twice");
        }
    }

    /// <summary>Opens an archive and reads its directory.</summary>
    /// <param name="path">A <c>.npz</c> file; it is read whole.</param>
    /// <returns>The open archive, to be disposed.</returns>
    /// <exception cref="ModelFormatException">The file cannot be opened or is damaged.</exception>
    public static NpzFile Open(string path)
    {
        byte[] bytes = BoundedFile.Read(path, MostBytes, (what, e) => new ModelFormatException($"{path} {what}.", e));
        // .NET reads the whole directory at once and needs some hundred bytes of memory for each entry, which has at least 46 in the file.
        if (bytes.AsSpan().Count("PK\u0001\u0002"u8) > MostEntries)
            throw Damaged(path, $"it holds more than {MostEntries} files");
        return Guarded(path, () => new NpzFile(path, new ZipArchive(new MemoryStream(bytes), ZipArchiveMode.Read)));
    }

    /// <summary>Whether the archive holds an array of that name.</summary>
    public bool Has(string name) => entries.ContainsKey(name);

    /// <summary>Reads an array as binary32; it may be stored as binary16, binary32 or binary64.</summary>
    /// <param name="name">Its name, without <c>.npy</c>.</param>
    /// <param name="shape">The shape that it must have.</param>
    /// <returns>Its elements, row-major.</returns>
    /// <exception cref="ModelFormatException">There is no such array, it is damaged, or it has another shape.</exception>
    public float[] ReadFloats(string name, ReadOnlySpan<long> shape)
    {
        if (!entries.TryGetValue(name, out ZipArchiveEntry? entry))
            throw new ModelFormatException($"{path} has no array {MessageText.Quote(name)}.");
        long[] expected = shape.ToArray();
        return Guarded(path, () =>
        {
            using Stream stream = entry.Open();
            NpyHeader header = NpyHeader.Read(stream, $"{path}: {MessageText.Quote(name)}");
            if (!header.Shape.SequenceEqual(expected))
                throw new ModelFormatException($"{path} holds {MessageText.Quote(name)} of shape {MessageText.Shape(header.Shape)}, "
                    + $"where {MessageText.Shape(expected)} belongs.");
            var values = new float[header.Shape.Aggregate(1L, (n, dimension) => checked(n * dimension))];
            var bytes = new byte[values.Length * header.ElementBytes];
            stream.ReadExactly(bytes);
            if (stream.ReadByte() >= 0) throw Damaged(path, $"{MessageText.Quote(name)} has more bytes than its shape says");
            Convert(bytes, header.ElementBytes, values);
            return values;
        });
    }

    /// <summary>Closes the archive.</summary>
    public void Dispose() => archive.Dispose();

    private static void Convert(ReadOnlySpan<byte> bytes, int elementBytes, Span<float> values)
    {
        if (elementBytes == sizeof(float) && BitConverter.IsLittleEndian)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(values));
            return;
        }
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes[(i * elementBytes)..];
            values[i] = elementBytes switch
            {
                2 => (float)BinaryPrimitives.ReadHalfLittleEndian(element),
                4 => BinaryPrimitives.ReadSingleLittleEndian(element),
                _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(element),
            };
        }
    }

    /// <summary>Runs code that reads the zip file and converts its many types of exceptions to one.</summary>
    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
            when (e is IOException or InvalidDataException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new ModelFormatException(
                $"{path} is not a valid npz file: {MessageText.Sentence(e.Message).TrimEnd('.')}; "
                + "it may be cut short or damaged, so copy or download it again.",
                e);
        }
    }

    private static ModelFormatException Damaged(string path, string what) =>
        new($"{path} is not a valid npz file: {what}; it may be damaged, so copy or download it again.");
}
