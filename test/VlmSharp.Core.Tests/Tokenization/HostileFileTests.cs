using System.Diagnostics;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>
/// Deterministic mutations of tokenizer files: whatever the bytes, they load or are refused with
/// <see cref="TokenizerFormatException"/>. What loads must encode and decode.
/// </summary>
public class HostileFileTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(4);
    private static readonly string[] Pieces = ["\u2581", "a", "b", "ab", "\u00e9", "<", ">", "\u2581a", "abab"];

    [Fact]
    public void MutatedModelsLoadOrAreRefused() =>
        Mutate(TinyVocabulary.Model(Pieces), 5_000, bytes => GemmaTokenizer.FromSentencePiece(bytes, "tokenizer.model"));

    [Fact]
    public void MutatedJsonLoadsOrIsRefused()
    {
        const string Extra = "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\\u2581\"},";
        byte[] file = TinyVocabulary.Json(Pieces, [["a", "b"], ["\u2581", "a"], ["ab", "ab"]], mergesFirst: true, extra: Extra);
        Mutate(file, 5_000, bytes => GemmaTokenizer.FromJson(bytes, "tokenizer.json"));
    }

    [Fact]
    public void MutatedGoldenFilesLoadOrAreRefused()
    {
        Mutate(GoldenCases.Bytes("tokenizer.model"), 60, bytes => GemmaTokenizer.FromSentencePiece(bytes, "tokenizer.model"));
        Mutate(GoldenCases.Bytes("tokenizer.json"), 60, bytes => GemmaTokenizer.FromJson(bytes, "tokenizer.json"));
    }

    [Fact]
    public void MutatedAddedTokensLoadOrAreRefused() =>
        Mutate("""{"<image>": 5152, "<loc\u0030000>": 12, "<x>": 13}"""u8.ToArray(), 5_000, bytes =>
            GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Pieces), "tokenizer.model", TokenizerLoader.ParseAddedTokens(bytes, "added_tokens.json")));

    [Fact]
    public void EveryTruncationOfAModelIsRefused()
    {
        byte[] file = TinyVocabulary.Model(Pieces);
        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.Throws<TokenizerFormatException>(() => GemmaTokenizer.FromSentencePiece(file.AsSpan(0, length), "tokenizer.model"));
        }
    }

    [Fact]
    public void EveryTruncationOfAJsonIsRefused()
    {
        byte[] file = TinyVocabulary.Json(Pieces, [["a", "b"]]);
        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.Throws<TokenizerFormatException>(() => GemmaTokenizer.FromJson(file.AsSpan(0, length), "tokenizer.json"));
        }
    }

    private static void Mutate(byte[] file, int rounds, Func<byte[], ITokenizer> load)
    {
        var random = new Random(42);
        var clock = Stopwatch.StartNew();
        for (int round = 0; round < rounds && clock.Elapsed < Budget; round++)
        {
            byte[] mutant = Mutant(file, random);
            try
            {
                ITokenizer tokenizer = load(mutant);
                int[] ids = tokenizer.Encode("ab \u00e9\U0001F608<image><loc0000>\n\nabab", ControlTokens.Honour);
                tokenizer.Decode(ids, skipSpecial: false);
            }
            catch (TokenizerFormatException error)
            {
                Assert.Contains("token", error.Message);
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Round {round}: {error}");
            }
        }
    }

    // A few bytes changed, a stretch cut out, repeated or overwritten by numbers that overflow.
    private static byte[] Mutant(byte[] file, Random random)
    {
        var bytes = new List<byte>(file);
        int at = random.Next(bytes.Count);
        int length = random.Next(1, Math.Min(24, bytes.Count - at + 1));
        switch (random.Next(6))
        {
            case 0: bytes.RemoveRange(at, length); break;
            case 1: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: for (int i = 0; i < length; i++) bytes[at + i] = 0xFF; break;
            case 4: bytes.InsertRange(at, "\"\\[{99999999999]}"u8.Slice(random.Next(16), 1).ToArray()); break;
            default: for (int i = random.Next(1, 6); i > 0; i--) bytes[random.Next(bytes.Count)] = (byte)random.Next(256); break;
        }
        return [.. bytes];
    }
}
