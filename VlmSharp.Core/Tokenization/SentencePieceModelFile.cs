using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Reads <c>tokenizer.model</c>, a SentencePiece <c>ModelProto</c> (Kudo and Richardson 2018, "SentencePiece: A simple and language
/// independent subword tokenizer"). It accepts what Gemma uses: byte-pair encoding with byte fallback, and no normalization except that a
/// space becomes U+2581.
/// </summary>
internal static class SentencePieceModelFile
{
    private const int PiecesField = 1, TrainerField = 2, NormalizerField = 3;
    private const int PieceField = 1, ScoreField = 2, TypeField = 3;
    private const int Unknown = 2, Control = 3, UserDefined = 4, Byte = 6;
    private const int BytePairEncoding = 2;

    /// <summary>Reads the model.</summary>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="fileName">For messages.</param>
    /// <returns>The vocabulary, without PaliGemma's additions.</returns>
    public static Vocabulary Read(ReadOnlySpan<byte> file, string fileName)
    {
        var records = new List<PieceRecord>();
        int modelType = 0;
        var normalizer = new NormalizerRecord();
        var reader = new ProtobufReader(file, fileName);
        while (reader.Read())
        {
            if (reader.Field == PiecesField) records.Add(ReadPiece(file, reader.Span, records.Count, fileName));
            else if (reader.Field == TrainerField) modelType = ReadModelType(reader.Span, fileName);
            else if (reader.Field == NormalizerField) normalizer = ReadNormalizer(reader.Span, fileName);
        }
        if (modelType != BytePairEncoding)
            throw TokenizerErrors.Unusable(fileName, $"is not a byte-pair encoding model (model type {modelType})");
        if (!normalizer.IsGemmas) throw TokenizerErrors.Unusable(fileName, "normalizes text otherwise than Gemma does");
        return Assemble(file, records, fileName);
    }

    private static Vocabulary Assemble(ReadOnlySpan<byte> file, List<PieceRecord> records, string fileName)
    {
        var vocabulary = new Vocabulary(fileName);
        var scores = new float[records.Count];
        bool hasTab = HasTab(file, records);
        for (int id = 0; id < records.Count; id++)
        {
            PieceRecord record = records[id];
            ReadOnlySpan<byte> piece = file.Slice(record.Start, record.Length);
            // As in tokenizer.json, the tab is its own spelling, so that runs of tabs decode and merge alike.
            if (!hasTab && record.Type == Byte && BytePiece.ValueOf(piece) == '\t') piece = "\t"u8;
            scores[id] = record.Score;
            if (record.Type is Unknown or Control) vocabulary.AddWholeToken(id, piece, special: true);
            else if (record.Type == UserDefined) vocabulary.AddWholeToken(id, piece, special: false);
            else vocabulary.AddPiece(id, piece);
        }
        vocabulary.Merges = DerivedMerges.From(vocabulary.Pieces, scores, vocabulary.IsMergeable, fileName);
        return vocabulary;
    }

    private static bool HasTab(ReadOnlySpan<byte> file, List<PieceRecord> records)
    {
        foreach (PieceRecord record in records)
        {
            if (record.Length == 1 && file[record.Start] == '\t') return true;
        }
        return false;
    }

    private static PieceRecord ReadPiece(ReadOnlySpan<byte> file, ReadOnlySpan<byte> message, int id, string fileName)
    {
        if (id >= TokenizerLimits.Pieces) throw TokenizerErrors.Unusable(fileName, $"has more than {TokenizerLimits.Pieces} pieces");
        ReadOnlySpan<byte> piece = default;
        float score = 0;
        long type = 1;
        var reader = new ProtobufReader(message, fileName);
        while (reader.Read())
        {
            if (reader.Field == PieceField) piece = reader.Span;
            else if (reader.Field == ScoreField) score = reader.Single;
            else if (reader.Field == TypeField) type = reader.Integer;
        }
        if (piece.IsEmpty || !Utf8.IsValid(piece)) throw TokenizerErrors.Damaged(fileName, $"piece {id} is no text");
        if (!float.IsFinite(score)) throw TokenizerErrors.Damaged(fileName, $"the score of piece {id} is no number");
        if (type is < 1 or > 6) throw TokenizerErrors.Damaged(fileName, $"piece {id} has the unknown type {type}");
        // The position of the piece in the file. Pieces stay in the file's bytes until the vocabulary copies them.
        file.Overlaps(piece, out int start);
        return new PieceRecord(start, piece.Length, score, (int)type);
    }

    private static int ReadModelType(ReadOnlySpan<byte> message, string fileName)
    {
        long type = 1; // the format's default: unigram
        var reader = new ProtobufReader(message, fileName);
        while (reader.Read())
        {
            if (reader.Field == 3) type = reader.Integer;
        }
        return type is > 0 and <= int.MaxValue ? (int)type : 0;
    }

    private static NormalizerRecord ReadNormalizer(ReadOnlySpan<byte> message, string fileName)
    {
        var record = new NormalizerRecord();
        var reader = new ProtobufReader(message, fileName);
        while (reader.Read())
        {
            record = reader.Field switch
            {
                2 => record with { HasCharacterMap = reader.Span.Length > 0 },
                3 => record with { AddsPrefix = reader.Boolean },
                4 => record with { RemovesSpaces = reader.Boolean },
                5 => record with { EscapesSpaces = reader.Boolean },
                _ => record,
            };
        }
        return record;
    }

    private readonly record struct PieceRecord(int Start, int Length, float Score, int Type);

    // The initial values are the format's defaults.
    private sealed record NormalizerRecord
    {
        public bool HasCharacterMap { get; init; }

        public bool AddsPrefix { get; init; } = true;

        public bool RemovesSpaces { get; init; } = true;

        public bool EscapesSpaces { get; init; } = true;

        public bool IsGemmas => !HasCharacterMap && !AddsPrefix && !RemovesSpaces && EscapesSpaces;
    }
}
