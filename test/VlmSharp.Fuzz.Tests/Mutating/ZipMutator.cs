using System.IO.Compression;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Changes the contents of a zip file and compresses it again.</summary>
internal sealed class ZipMutator : PartMutator
{
    protected override List<Part>? Split(byte[] file)
    {
        try
        {
            using var archive = new ZipArchive(new MemoryStream(file), ZipArchiveMode.Read);
            return [.. archive.Entries.Select(entry => new Part(entry.FullName, Unpack(entry)))];
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return null;
        }
    }

    protected override byte[] Join(List<Part> parts)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (Part part in parts)
            {
                // Some entries are stored and some deflated, so that both ways of reading are tested.
                CompressionLevel level = part.Payload.Length % 2 == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest;
                using Stream entry = archive.CreateEntry(part.Name, level).Open();
                entry.Write(part.Payload);
            }
        }
        return stream.ToArray();
    }

    private static byte[] Unpack(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
