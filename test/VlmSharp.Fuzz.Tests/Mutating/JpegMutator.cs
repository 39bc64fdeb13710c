using System.Buffers.Binary;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Mutates JPEG segments and keeps their lengths right. Coded data belong to the scan header before them.</summary>
internal sealed class JpegMutator : PartMutator
{
    private const int StartOfImage = 0xD8, StartOfScan = 0xDA, MostPayload = 65_533;

    protected override List<Part>? Split(byte[] file)
    {
        if (file.Length < 4 || file[0] != 0xFF || file[1] != StartOfImage) return null;
        var parts = new List<Part>();
        for (int at = 2; file.Length - at >= 4 && file[at] == 0xFF;)
        {
            byte marker = file[at + 1];
            int end = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2));
            if (end > file.Length || end < at + 4) break;
            parts.Add(new Part($"{marker:X2}", file[(at + 4)..end]));
            if (marker == StartOfScan)
            {
                int data = end;
                // Up to a marker that is neither a stuffed zero nor a restart.
                while (end + 1 < file.Length && (file[end] != 0xFF || file[end + 1] is 0 or 0xFF or (>= 0xD0 and <= 0xD7))) end++;
                parts.Add(new Part("data", file[data..end]));
            }
            at = end;
        }
        return parts;
    }

    protected override byte[] Join(List<Part> parts)
    {
        List<byte> file = [0xFF, StartOfImage];
        foreach (Part part in parts)
        {
            if (part.Name != "data")
            {
                int length = Math.Min(part.Payload.Length, MostPayload) + 2;
                file.AddRange([0xFF, Convert.ToByte(part.Name, 16), (byte)(length >> 8), (byte)length]);
                file.AddRange(part.Payload.AsSpan(0, length - 2));
                continue;
            }
            file.AddRange(part.Payload);
        }
        file.AddRange([0xFF, 0xD9]);
        return [.. file];
    }
}
