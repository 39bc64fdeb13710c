using System.Buffers.Binary;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>Changes the JSON header of a safetensors file and states its new length, so that the JSON is read.</summary>
internal sealed class SafetensorsMutator : PartMutator
{
    private const int LengthBytes = 8;
    private const string Header = "header";

    protected override List<Part>? Split(byte[] file)
    {
        if (file.Length < LengthBytes) return null;
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (length > (ulong)(file.Length - LengthBytes)) return null;
        int start = LengthBytes + (int)length;
        return [new Part(Header, file[LengthBytes..start]), new Part("data", file[start..])];
    }

    protected override byte[] Join(List<Part> parts)
    {
        int length = parts.Where(part => part.Name == Header).Sum(part => part.Payload.Length);
        byte[] field = new byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(field, length);
        return [.. field, .. parts.SelectMany(part => part.Payload)];
    }

    protected override byte[] MutatePayload(Part part, Random random, byte[] other) =>
        part.Name == Header && random.Next(4) != 0 ? JsonMutator.Mutate(part.Payload, random) : base.MutatePayload(part, random, other);
}
