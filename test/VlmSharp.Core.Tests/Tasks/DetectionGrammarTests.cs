using VlmSharp.Tasks;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>Which token may follow which.</summary>
public sealed class DetectionGrammarTests
{
    private static readonly int Eos = DemoVocabulary.Tokenizer.EosId;

    [Theory]
    [InlineData("<eos>")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car<eos>")]
    [InlineData("<loc0001><loc0002><loc0001><loc0002> green square<eos>")] // an empty box is a box
    [InlineData(
        "<loc0001><loc0002><loc0003><loc0004> car ; <loc0005><loc0006><loc0007><loc0008> green square ; "
            + "<loc0005><loc0006><loc0007><loc0008> car key<eos>")]
    public void Well_formed_answers_are_allowed(string answer) => Assert.True(Allows(Grammar(), answer));

    [Theory]
    [InlineData("car")]
    [InlineData("<loc0001><eos>")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004><eos>")] // no label
    [InlineData("<loc0001><loc0002><loc0003><loc0004><loc0005>")]
    [InlineData("<loc0001><loc0002><loc0000><loc0004> car")] // bottom above top
    [InlineData("<loc0001><loc0002><loc0003><loc0001> car")] // right edge left of the left edge
    [InlineData("<loc0001><loc0002><loc0003><loc0004> key<eos>")] // not asked for
    [InlineData("<loc0001><loc0002><loc0003><loc0004> green<eos>")] // half a label
    [InlineData("<loc0001><loc0002><loc0003><loc0004>car<eos>")] // no space
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car ; <eos>")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car;<loc0001><loc0002><loc0003><loc0004> car<eos>")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car<eos> car")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004><seg001> car<eos>")]
    public void Malformed_answers_are_not_allowed(string answer) => Assert.False(Allows(Grammar(), answer));

    [Theory]
    [InlineData(16, true), InlineData(15, false), InlineData(17, false), InlineData(0, false)]
    public void Masks_have_sixteen_codes(int count, bool allowed)
    {
        string codes = string.Concat(Enumerable.Range(100, count).Select(i => $"<seg{i:D3}>"));
        var grammar = new DetectionGrammar(DemoVocabulary.Tokenizer, [Eos], ["car"], masks: true);
        Assert.Equal(allowed, Allows(grammar, $"<loc0001><loc0002><loc0003><loc0004>{codes} car<eos>"));
    }

    [Theory]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> whatever it is ; <loc0001><loc0002><loc0003><loc0004> caf\u00e9<eos>", true)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004><eos>", true)] // referring expressions have no label
    [InlineData("<loc0001><loc0002><loc0003><loc0004> a ; b<eos>", false)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> a <b><eos>", false)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> a\nb<eos>", false)]
    public void Without_things_any_text_is_a_label(string answer, bool allowed) =>
        Assert.Equal(allowed, Allows(new DetectionGrammar(DemoVocabulary.Tokenizer, [Eos], [], masks: false), answer));

    /// <summary>Every step allows some token, in ascending order, and the parser reads the answer back as it was meant.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Every_allowed_answer_is_read_back(bool masks)
    {
        string[] things = ["car", "car key", "green square", "caf\u00e9"];
        var grammar = new DetectionGrammar(DemoVocabulary.Tokenizer, [Eos, 0], things, masks);
        var random = new Random(3);
        int boxes = 0;
        for (int round = 0; round < 60; round++)
        {
            var ids = new List<int>();
            while (ids.Count < 200 && !(ids.Count > 0 && ids[^1] is 1 or 0))
            {
                int[] allowed = grammar.AllowedAfter(ids.ToArray()).ToArray();
                Assert.NotEmpty(allowed);
                for (int i = 1; i < allowed.Length; i++)
                    if (allowed[i] <= allowed[i - 1]) Assert.Fail($"{allowed[i]} behind {allowed[i - 1]}");
                ids.Add(allowed[random.Next(allowed.Length)]);
            }

            List<ParsedBox> parsed = DemoVocabulary.Parse([.. ids], new float[ids.Count]);
            string text = DemoVocabulary.Tokenizer.Decode(ids.ToArray(), skipSpecial: true);
            if (ids.Count >= 200) continue;
            boxes += parsed.Count;
            Assert.Equal(ids.Count(id => DemoVocabulary.Tokens.LocationOf(id) >= 0), 4 * parsed.Count);
            Assert.All(parsed, box => Assert.Contains(box.Label, things));
            Assert.All(parsed, box => Assert.Equal(masks, box.MaskCodes is not null));
            Assert.Equal(DemoVocabulary.Encode(text), ids[..^1]); // exactly the tokens of this text in training
        }

        Assert.True(boxes > 60, $"{boxes} boxes");
    }

    [Fact]
    public void After_the_end_only_the_end_follows()
    {
        Assert.Equal([Eos], Grammar().AllowedAfter([Eos, Eos]).ToArray());
        Assert.Equal([Eos], Grammar().AllowedAfter([42]).ToArray());
    }

    /// <summary>Without tokens for places or shapes there is no grammar, and answers are read as text.</summary>
    [Theory, InlineData("<loc0007>"), InlineData("<seg127>")]
    public void A_vocabulary_that_lacks_tokens_is_refused(string missing)
    {
        var tokenizer = new LackingTokenizer(missing);
        Assert.Contains(
            missing[..4],
            Assert.Throws<RequestException>(() => new DetectionGrammar(tokenizer, [Eos], ["car"], masks: true)).Message,
            StringComparison.Ordinal);
        int[] ids = DemoVocabulary.Encode("<loc0001><loc0002><loc0003><loc0004> car");
        Assert.Equal(
            missing[1] == 's' ? 1 : 0, new AnswerParser(tokenizer, new TaskTokens(tokenizer)).Parse(ids, new float[ids.Length]).Count);
    }

    private sealed class LackingTokenizer(string missing) : ITokenizer
    {
        private static readonly ITokenizer Whole = DemoVocabulary.Tokenizer;

        public int VocabularySize => Whole.VocabularySize;

        public int BosId => Whole.BosId;

        public int EosId => Whole.EosId;

        public int PadId => Whole.PadId;

        public int UnknownId => Whole.UnknownId;

        public int ImageId => Whole.ImageId;

        public int[] Encode(string text, ControlTokens controlTokens) => Whole.Encode(text, controlTokens);

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecial) => Whole.Decode(ids, skipSpecial);

        public string Piece(int id) => Whole.Piece(id);

        public int? IdOf(string token) => token == missing ? null : Whole.IdOf(token);

        public bool IsSpecial(int id) => Whole.IsSpecial(id);
    }

    private static DetectionGrammar Grammar() => new(DemoVocabulary.Tokenizer, [Eos], ["car", "car key", "green square"], masks: false);

    private static bool Allows(DetectionGrammar grammar, string answer)
    {
        int[] ids = DemoVocabulary.Tokenizer.Encode(answer, ControlTokens.AsTokens);
        for (int i = 0; i < ids.Length; i++)
            if (!grammar.AllowedAfter(ids.AsSpan(0, i)).Contains(ids[i])) return false;
        return true;
    }
}
