using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using VlmSharp.Imaging.Png;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Mutates PNG chunks, keeps their checksums right, and changes pixels before they are compressed.</summary>
internal sealed class PngMutator : PartMutator
{
    private const int SignatureBytes = 8;
    private static readonly byte[] Signature = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'];

    protected override List<Part>? Split(byte[] file)
    {
        if (!file.AsSpan().StartsWith(Signature)) return null;
        var parts = new List<Part>();
        for (int at = SignatureBytes; file.Length - at >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12) break;
            parts.Add(new Part(Encoding.Latin1.GetString(file, at + 4, 4), file[(at + 8)..(at + 8 + (int)length)]));
            at += (int)length + 12;
        }
        return parts;
    }

    protected override byte[] Join(List<Part> parts)
    {
        List<byte> file = [.. Signature];
        Span<byte> number = stackalloc byte[4];
        foreach (Part part in parts)
        {
            byte[] tagged = [.. Encoding.Latin1.GetBytes(part.Name), .. part.Payload];
            BinaryPrimitives.WriteInt32BigEndian(number, part.Payload.Length);
            file.AddRange(number);
            file.AddRange(tagged);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(tagged));
            file.AddRange(number);
        }
        return [.. file];
    }

    protected override byte[] MutatePayload(Part part, Random random, byte[] other)
    {
        if (part.Name != "IDAT" || random.Next(3) == 0) return base.MutatePayload(part, random, other);
        using var raw = new MemoryStream();
        try
        {
            using var inflate = new ZLibStream(new MemoryStream(part.Payload), CompressionMode.Decompress);
            inflate.CopyTo(raw);
        }
        catch (InvalidDataException)
        {
            return base.MutatePayload(part, random, other); // one of several IDAT chunks, or damaged by an earlier edit
        }

        using var compressed = new MemoryStream();
        using (var deflate = new ZLibStream(compressed, CompressionLevel.Fastest))
            deflate.Write(ByteMutator.Mutate(raw.ToArray(), random, other));
        return compressed.ToArray();
    }
}
