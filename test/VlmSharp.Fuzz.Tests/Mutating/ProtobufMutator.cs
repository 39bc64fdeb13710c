namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Mutates fields of a protobuf message and keeps their lengths right. A field of bytes may itself be a message.</summary>
internal sealed class ProtobufMutator : PartMutator
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    protected override List<Part>? Split(byte[] file)
    {
        var parts = new List<Part>();
        for (int at = 0; at < file.Length;)
        {
            if (!ReadVarint(file, ref at, out ulong tag)) return null;
            ulong length = (int)(tag & 7) switch { Fixed64 => 8, Fixed32 => 4, _ => 0 };
            switch ((int)(tag & 7))
            {
                case Varint:
                    int start = at;
                    if (!ReadVarint(file, ref at, out _)) return null;
                    (at, length) = (start, (ulong)(at - start));
                    break;
                case Bytes:
                    if (!ReadVarint(file, ref at, out length)) return null;
                    break;
                case Fixed64 or Fixed32: break;
                default: return null;
            }
            if (length > (ulong)(file.Length - at)) return null;
            parts.Add(new Part(tag.ToString(), file[at..(at + (int)length)]));
            at += (int)length;
        }
        return parts;
    }

    protected override byte[] Join(List<Part> parts)
    {
        var file = new List<byte>();
        foreach (Part part in parts)
        {
            ulong tag = ulong.Parse(part.Name);
            WriteVarint(file, tag);
            if ((tag & 7) == Bytes) WriteVarint(file, (ulong)part.Payload.Length);
            file.AddRange(part.Payload);
        }
        return [.. file];
    }

    protected override byte[] MutatePayload(Part part, Random random, byte[] other) =>
        random.Next(2) == 0 ? Mutate(part.Payload, random, other) : base.MutatePayload(part, random, other);

    private static bool ReadVarint(byte[] file, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < file.Length; shift += 7)
        {
            byte b = file[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return true;
        }
        return false;
    }

    private static void WriteVarint(List<byte> file, ulong value)
    {
        for (; value >= 0x80; value >>= 7) file.Add((byte)(value | 0x80));
        file.Add((byte)value);
    }
}
