using System.Text;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>The same ids and the same text as the reference, from either file.</summary>
public sealed class TokenizerTests
{
    private static readonly string Json = GoldenFiles.PathOf("tokenizer", "tokenizer.json");
    private static readonly string Model = GoldenFiles.PathOf("tokenizer", "tokenizer.model");
    private static readonly JsonElement Cases = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("tokenizer", "cases.json"))).RootElement;

    public static TheoryData<bool> Files => [true, false];

    [Theory, MemberData(nameof(Files))]
    public void Trusted_text_gives_the_reference_ids(bool json)
    {
        ITokenizer tokenizer = Load(json);
        foreach (JsonElement c in Cases.GetProperty("encode").EnumerateArray())
            Assert.Equal(GoldenCase.Ints(c.GetProperty("ids")), tokenizer.Encode(c.GetProperty("text").GetString()!, ControlTokens.Honour));
    }

    /// <summary>In a user's text control tokens stay text: the ids are then those of SentencePiece, which knows none in a text.</summary>
    [Theory, MemberData(nameof(Files))]
    public void Control_tokens_in_a_users_text_stay_text(bool json)
    {
        ITokenizer tokenizer = Load(json);
        int differing = 0;
        foreach (JsonElement c in Cases.GetProperty("encode").EnumerateArray())
        {
            string text = c.GetProperty("text").GetString()!;
            if (text.Contains('\u2581', StringComparison.Ordinal)) continue; // the literal meta symbol: the two references part
            bool differs = c.TryGetProperty("sentencepiece_ids", out JsonElement other);
            if (differs) differing++;
            int[] ids = tokenizer.Encode(text, ControlTokens.AsText);
            Assert.Equal(GoldenCase.Ints(differs ? other : c.GetProperty("ids")), ids);
            Assert.DoesNotContain(ids, id => id == tokenizer.EosId || id == tokenizer.BosId || id == tokenizer.PadId || id == tokenizer.ImageId || id == tokenizer.UnknownId);
        }

        Assert.True(differing > 50, $"{differing} cases with control tokens");
    }

    [Theory, MemberData(nameof(Files))]
    public void Ids_give_the_reference_text_at_once_and_in_pieces(bool json)
    {
        ITokenizer tokenizer = Load(json);
        foreach (JsonElement c in Cases.GetProperty("decode").EnumerateArray())
            foreach ((string key, bool skip) in new[] { ("text", false), ("text_skip_special", true) })
            {
                int[] ids = GoldenCase.Ints(c.GetProperty("ids"));
                Assert.Equal(c.GetProperty(key).GetString(), tokenizer.Decode(ids, skip));
                var stream = new StreamingDecoder(tokenizer, skip);
                var text = new StringBuilder();
                foreach (int id in ids)
                {
                    string part = stream.Append(id);
                    Assert.False(part.Length > 0 && (char.IsLowSurrogate(part[0]) || char.IsHighSurrogate(part[^1])), "a character was split");
                    text.Append(part);
                }

                Assert.Equal(c.GetProperty(key).GetString(), text.Append(stream.Flush()).ToString());
            }
    }

    [Fact]
    public void Both_files_agree_on_random_text()
    {
        ITokenizer a = Load(json: true), b = Load(json: false);
        var random = new Random(1);
        string alphabet = "abcdefghinorstu  \n\n\t<>/▁.,0123456789éß生活的🤗\uD800";
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            foreach (ControlTokens mode in new[] { ControlTokens.AsText, ControlTokens.Honour }) Assert.Equal(a.Encode(text, mode), b.Encode(text, mode));
            if (!text.Contains('▁', StringComparison.Ordinal))
                Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), a.Decode(a.Encode(text, ControlTokens.AsText), skipSpecial: false));
        }
    }

    /// <summary>The heap gives what the definition gives: look for the best pair, merge it, start over.</summary>
    [Fact]
    public void Merging_equals_the_plain_loop()
    {
        ITokenizer tokenizer = Load(json: true);
        Dictionary<(string, string), int> ranks = [];
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Json));
        foreach (JsonElement merge in json.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray())
            ranks.TryAdd((merge[0].GetString()!, merge[1].GetString()!), ranks.Count);
        var random = new Random(2);
        for (int i = 0; i < 300; i++)
        {
            string text = string.Concat(Enumerable.Range(0, 1 + random.Next(40)).Select(_ => "aeinorstuhl "[random.Next(12)]));
            List<string> symbols = [.. text.Replace(' ', '▁').Select(c => c.ToString())];
            while (true)
            {
                int best = -1;
                for (int j = 0; j + 1 < symbols.Count; j++)
                    if (ranks.TryGetValue((symbols[j], symbols[j + 1]), out int rank) && (best < 0 || rank < ranks[(symbols[best], symbols[best + 1])])) best = j;
                if (best < 0) break;
                symbols[best] += symbols[best + 1];
                symbols.RemoveAt(best + 1);
            }

            Assert.Equal(symbols, tokenizer.Encode(text, ControlTokens.AsText).Select(tokenizer.Piece));
        }
    }

    /// <summary>A megabyte of the worst kinds of text takes as long per character as a kilobyte does, give or take the logarithm.</summary>
    [Theory, InlineData("a"), InlineData("<"), InlineData("<loc"), InlineData(" "), InlineData("the "), InlineData("生")]
    public async Task Long_text_is_not_quadratic(string unit)
    {
        ITokenizer tokenizer = Load(json: true);
        string text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        // A quadratic encoder would need hours: this is a guard against a hang, no measurement.
        int[] ids = await Task.Run(() => tokenizer.Encode(text, ControlTokens.AsText)).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(text, tokenizer.Decode(ids, skipSpecial: false));
    }

    [Theory]
    [InlineData("pg1", "caption"), InlineData("pg1", "question"), InlineData("pg1", "two-images"), InlineData("pg1", "empty")]
    [InlineData("pg1odd", "caption"), InlineData("pg1odd", "question"), InlineData("pg1odd", "two-images"), InlineData("pg1odd", "empty")]
    public void Prompts_are_built_as_the_processor_builds_them(string kind, string name)
    {
        ITokenizer tokenizer = TokenizerLoader.Load(GoldenFiles.PathOf("models", kind));
        GoldenCase golden = GoldenCase.Load(kind).Single(c => c.Name == name);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-{name}.safetensors"));
        int[] ids = expected.Ints("input_ids");
        int placeholders = ids.Count(id => id == tokenizer.ImageId);
        Assert.Equal(ids, PromptTokens.Build(tokenizer, golden.Prompt, placeholders));
        Assert.Equal(ids, PromptTokens.Build(tokenizer, golden.Prompt + "\n\n", placeholders)); // one separator, always
        Assert.Equal(ids, PromptTokens.Build(tokenizer, golden.Prompt, placeholders, trusted: true));
    }

    [Fact]
    public void A_trusted_prompt_may_place_its_pictures()
    {
        ITokenizer tokenizer = Load(json: true);
        int i = tokenizer.ImageId;
        int[] ids = PromptTokens.Build(tokenizer, "a<image>b<image>c", imageTokens: 6, trusted: true, images: 2);
        int a = tokenizer.Encode("a", ControlTokens.AsText)[0], b = tokenizer.Encode("b", ControlTokens.AsText)[0];
        Assert.Equal([a, i, i, i, b, i, i, i, tokenizer.BosId, .. tokenizer.Encode("c\n", ControlTokens.AsText)], ids);
        Assert.Equal(6, PromptTokens.Build(tokenizer, "a<image>b", 6).Count(id => id == i)); // a user's text places none
    }

    [Fact]
    public void Missing_processor_tokens_are_appended()
    {
        // A vocabulary without <image>: it follows the last piece.
        ITokenizer tokenizer = TokenizerLoader.FromModel(File.ReadAllBytes(Model), "tokenizer.model");
        Assert.Equal(5152, tokenizer.ImageId);
        Assert.Equal(4000, tokenizer.IdOf("<loc0000>"));
        Assert.Equal(5024, tokenizer.IdOf("<seg000>"));
        Assert.Equal(5153, tokenizer.VocabularySize);
    }

    private static ITokenizer Load(bool json) => json ? TokenizerLoader.FromJson(File.ReadAllBytes(Json), Json) : TokenizerLoader.FromModel(File.ReadAllBytes(Model), Model);
}
