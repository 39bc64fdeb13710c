using System.Buffers.Binary;
using System.Text;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Mutates chunks of WebP's container and keeps all lengths right.</summary>
internal sealed class RiffMutator : PartMutator
{
    private const int HeaderBytes = 12;

    protected override List<Part>? Split(byte[] file)
    {
        if (!file.AsSpan().StartsWith("RIFF"u8)) return null;
        var parts = new List<Part>();
        for (int at = HeaderBytes; file.Length - at >= 8;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4));
            if (length > file.Length - at - 8) break;
            parts.Add(new Part(Encoding.Latin1.GetString(file, at, 4), file[(at + 8)..(at + 8 + (int)length)]));
            at += 8 + (int)(length + length % 2);
        }
        return parts;
    }

    protected override byte[] Join(List<Part> parts)
    {
        List<byte> body = [.. "WEBP"u8];
        Span<byte> number = stackalloc byte[4];
        foreach (Part part in parts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(number, part.Payload.Length);
            body.AddRange(Encoding.Latin1.GetBytes(part.Name));
            body.AddRange(number);
            body.AddRange(part.Payload);
            if (part.Payload.Length % 2 != 0) body.Add(0);
        }
        BinaryPrimitives.WriteInt32LittleEndian(number, body.Count);
        return [.. "RIFF"u8, .. number, .. body];
    }
}
