using System.Buffers.Binary;
using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Reads <c>tokenizer.model</c>, SentencePiece's ModelProto in protocol-buffer encoding: field 1 repeats the pieces (1 text,
/// 2 score, 3 type), 2 is the trainer's settings (3 model type, 35 byte fallback), 3 the normaliser's (1 name, 3 dummy
/// prefix, 4 whitespace removal).
/// </summary>
internal static class SentencePieceReader
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Byte = 6;
    private const ulong Bpe = 2;

    /// <summary>Reads the vocabulary. Merges are derived from the scores.</summary>
    /// <exception cref="TokenizerFormatException">The bytes are damaged, or say what this tokenizer does not do.</exception>
    public static Vocabulary Read(ReadOnlySpan<byte> file, string fileName)
    {
        var pieces = new PieceTable();
        var scores = new List<float>();
        var types = new List<int>();
        var message = new ProtobufReader(file, fileName);
        while (message.Next(out int field))
        {
            if (field == 1) ReadPiece(message.Bytes(), pieces, scores, types, fileName);
            else if (field == 2) CheckTrainer(message.Bytes(), fileName);
            else if (field == 3) CheckNormalizer(message.Bytes(), fileName);
            else message.Skip();
        }

        if (pieces.Count == 0) throw TokenizerErrors.Damaged(fileName, "it has no pieces");
        MergeTable merges = DerivedMerges.From(pieces, [.. scores], id => types[id] is Normal or UserDefined, fileName);
        IEnumerable<int> Of(int type) => Enumerable.Range(0, types.Count).Where(id => types[id] == type);
        return new Vocabulary(fileName, pieces, merges, [.. Of(UserDefined)], [.. Of(Control), .. Of(Unknown)]);
    }

    private static void ReadPiece(ReadOnlySpan<byte> bytes, PieceTable pieces, List<float> scores, List<int> types, string fileName)
    {
        ReadOnlySpan<byte> text = default;
        float score = 0;
        int type = Normal;
        var message = new ProtobufReader(bytes, fileName);
        while (message.Next(out int field))
        {
            if (field == 1) text = message.Bytes();
            else if (field == 2) score = message.Float();
            else if (field == 3) type = (int)Math.Min(message.Varint(), int.MaxValue);
            else message.Skip();
        }

        int id = types.Count;
        if (!float.IsFinite(score)) throw TokenizerErrors.Damaged(fileName, $"the score of piece {id} is not a number");
        if (type is < Normal or > Byte) throw TokenizerErrors.Damaged(fileName, $"piece {id} has type {type}");
        // The reference spells this byte's piece as the tab itself, so that in decoding it is a character and no part of a byte run.
        if (type == Byte && text.SequenceEqual("<0x09>"u8)) text = "\t"u8;
        if (!Utf8.IsValid(text)) throw TokenizerErrors.Damaged(fileName, $"piece {id} is not UTF-8");
        if (pieces.Add(id, text) is { } wrong) throw TokenizerErrors.Unusable(fileName, wrong);
        scores.Add(score);
        types.Add(type);
    }

    private static void CheckTrainer(ReadOnlySpan<byte> bytes, string fileName)
    {
        ulong modelType = 1, byteFallback = 0;
        var message = new ProtobufReader(bytes, fileName);
        while (message.Next(out int field))
        {
            if (field == 3) modelType = message.Varint();
            else if (field == 35) byteFallback = message.Varint();
            else message.Skip();
        }

        if (modelType != Bpe) throw TokenizerErrors.Unusable(fileName, "is not a byte-pair-encoding model");
        if (byteFallback == 0) throw TokenizerErrors.Unusable(fileName, "has no byte fallback");
    }

    private static void CheckNormalizer(ReadOnlySpan<byte> bytes, string fileName)
    {
        ulong dummyPrefix = 1, removeWhitespace = 1;
        ReadOnlySpan<byte> name = default;
        var message = new ProtobufReader(bytes, fileName);
        while (message.Next(out int field))
        {
            if (field == 1) name = message.Bytes();
            else if (field == 3) dummyPrefix = message.Varint();
            else if (field == 4) removeWhitespace = message.Varint();
            else message.Skip();
        }

        if (!name.SequenceEqual("identity"u8) || dummyPrefix != 0 || removeWhitespace != 0)
            throw TokenizerErrors.Unusable(fileName, "normalises text, which Gemma's tokenizer does not");
    }

    /// <summary>The fields of one message, one after another.</summary>
    private ref struct ProtobufReader(ReadOnlySpan<byte> rest, string fileName)
    {
        private ReadOnlySpan<byte> rest = rest;
        private int wireType;

        public bool Next(out int field)
        {
            field = 0;
            if (rest.IsEmpty) return false;
            ulong key = ReadVarint();
            wireType = (int)(key & 7);
            field = (int)Math.Min(key >> 3, int.MaxValue);
            return true;
        }

        public ulong Varint() => Expect(0) ? ReadVarint() : 0;

        public float Float() => Expect(5) ? BinaryPrimitives.ReadSingleLittleEndian(Take(4)) : 0;

        public ReadOnlySpan<byte> Bytes() => Expect(2) ? Take(ReadVarint()) : default;

        public void Skip()
        {
            switch (wireType)
            {
                case 0: ReadVarint(); break;
                case 1: Take(8); break;
                case 2: Take(ReadVarint()); break;
                case 5: Take(4); break;
                default: throw TokenizerErrors.Damaged(fileName, $"a field has wire type {wireType}");
            }
        }

        private readonly bool Expect(int type) => wireType == type ? true : throw TokenizerErrors.Damaged(fileName, $"a field has wire type {wireType} instead of {type}");

        private ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)rest.Length) throw TokenizerErrors.Damaged(fileName, "it ends in the middle of a field");
            ReadOnlySpan<byte> taken = rest[..(int)count];
            rest = rest[(int)count..];
            return taken;
        }

        private ulong ReadVarint()
        {
            ulong value = 0;
            for (int i = 0; i < 10; i++)
            {
                if (i == rest.Length) throw TokenizerErrors.Damaged(fileName, "it ends in the middle of a number");
                value |= (ulong)(rest[i] & 0x7F) << (7 * i);
                if (rest[i] < 0x80)
                {
                    rest = rest[(i + 1)..];
                    return value;
                }
            }

            throw TokenizerErrors.Damaged(fileName, "a number has more than 64 bits");
        }
    }
}
