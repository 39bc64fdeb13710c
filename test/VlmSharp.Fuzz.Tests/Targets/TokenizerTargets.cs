using VlmSharp.Conformance;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Tokenization;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>Tokenizer files: an accepted file encodes any text into ids of its own vocabulary and decodes them.</summary>
internal abstract class TokenizerTarget : FuzzTarget
{
    protected static readonly string[] Pieces = ["\u2581", "a", "b", "ab", "\u00e9", "<", ">", "\u2581a", "abab"];

    public override Type Rejection => typeof(TokenizerFormatException);

    // An id just below the limit of 2^20 makes tables of that many entries.
    public override long MostAllocation(int inputBytes) => 64L * inputBytes + (64 << 20);

    public override bool Use(byte[] bytes)
    {
        ITokenizer tokenizer = Load(bytes);
        foreach (ControlTokens mode in Enum.GetValues<ControlTokens>())
        {
            int[] ids = tokenizer.Encode("ab \u00e9\U0001F608<image><loc0000>\n\nabab \0 <bos>", mode);
            Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
            tokenizer.Decode(ids, skipSpecial: false);
            foreach (int id in ids) tokenizer.Piece(id);
        }
        return true;
    }

    protected abstract ITokenizer Load(byte[] bytes);
}

internal sealed class TokenizerJsonTarget : TokenizerTarget
{
    public override string Name => "tokenizer.json";

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    protected override IEnumerable<Seed> MakeSeeds()
    {
        string[][] merges = [["a", "b"], ["\u2581", "a"], ["ab", "ab"]];
        // What real files hold besides the vocabulary. Most of it is ignored.
        const string Ignored = "\"version\":\"1.0\",\"truncation\":null,\"padding\":{\"strategy\":\"BatchLongest\",\"pad_id\":0},"
            + "\"pre_tokenizer\":{\"type\":\"Split\",\"invert\":false},"
            + "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]},"
            + "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[]},";
        const string Extra = Ignored + "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\\u2581\"},";
        yield return new Seed("merges first", TinyVocabulary.Json(Pieces, merges, mergesFirst: true, extra: Extra));
        yield return new Seed("merges as text", TinyVocabulary.Json(Pieces, merges, mergesAsText: true, extra: Ignored));
        yield return new Seed("added tokens", TinyVocabulary.Json(Pieces, merges, extra:
            "\"version\":\"1.0\",\"added_tokens\":[{\"id\":2,\"content\":\"<bos>\",\"special\":true,\"lstrip\":false},{\"id\":300,"
                + "\"content\":\"<loc0000>\",\"special\":false}],"));
    }

    protected override ITokenizer Load(byte[] bytes) => GemmaTokenizer.FromJson(bytes, FileName);
}

internal sealed class TokenizerModelTarget : TokenizerTarget
{
    public override string Name => "tokenizer.model";

    protected override Func<byte[], Random, byte[], byte[]> Structured => new ProtobufMutator().Mutate;

    protected override IEnumerable<Seed> MakeSeeds()
    {
        yield return new Seed("tiny", TinyVocabulary.Model(Pieces));
        yield return new Seed("demo/model/tokenizer.model", File.ReadAllBytes(Path.Combine(GoldenFiles.DemoModel, "tokenizer.model")));
    }

    protected override ITokenizer Load(byte[] bytes) => GemmaTokenizer.FromSentencePiece(bytes, FileName);
}

internal sealed class AddedTokensTarget : TokenizerTarget
{
    private readonly byte[] model = TinyVocabulary.Model(Pieces);

    public override string Name => "added_tokens.json";

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    protected override IEnumerable<Seed> MakeSeeds() =>
        [new("three tokens", """{"<image>": 5152, "<loc\u0030000>": 500, "<x>": 501}"""u8.ToArray())];

    protected override ITokenizer Load(byte[] bytes) =>
        GemmaTokenizer.FromSentencePiece(model, FileName, TokenizerLoader.ParseAddedTokens(bytes, FileName));
}
