using System.Buffers.Binary;

namespace VlmSharp.Tokenization;

/// <summary>
/// Reads the fields of one protocol-buffers message. It supports the part of the wire format that a SentencePiece model needs. Every length
/// is checked against the remaining bytes before it is used.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string fileName)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Bytes = 2;
    private const int Fixed32 = 5;
    private ReadOnlySpan<byte> rest = message;
    private int wireType;
    private ulong number;

    /// <summary>The field number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>The current field as a message, a string or bytes.</summary>
    public ReadOnlySpan<byte> Span
    {
        get => wireType == Bytes ? field : throw WrongType();
        private set => field = value;
    }

    /// <summary>The current field as an integer or enum.</summary>
    public readonly long Integer => wireType == Varint ? (long)number : throw WrongType();

    /// <summary>The current field as a bool.</summary>
    public readonly bool Boolean => Integer != 0;

    /// <summary>The current field as a float.</summary>
    public readonly float Single => wireType == Fixed32 ? BitConverter.UInt32BitsToSingle((uint)number) : throw WrongType();

    /// <summary>Moves to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    public bool Read()
    {
        if (rest.IsEmpty) return false;
        ulong tag = ReadVarint();
        if (tag >> 3 is 0 or > int.MaxValue) throw TokenizerErrors.Damaged(fileName, "a field has an impossible number");
        Field = (int)(tag >> 3);
        wireType = (int)(tag & 7);
        switch (wireType)
        {
            case Varint: number = ReadVarint(); break;
            case Fixed64: number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case Fixed32: number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            case Bytes: Span = Take(ReadVarint()); break;
            default: throw TokenizerErrors.Damaged(fileName, $"field {Field} has the unknown wire type {wireType}");
        }
        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw TokenizerErrors.Damaged(fileName, "an integer is longer than 64 bits");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)rest.Length) throw TokenizerErrors.Damaged(fileName, "it ends in the middle of a field");
        ReadOnlySpan<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private readonly TokenizerFormatException WrongType() =>
        TokenizerErrors.Damaged(fileName, $"field {Field} has the unexpected wire type {wireType}");
}
