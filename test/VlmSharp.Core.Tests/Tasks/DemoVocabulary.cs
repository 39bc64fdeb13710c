using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Tasks;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>The demo model's tokenizer, and answers spelled in it.</summary>
internal static class DemoVocabulary
{
    public static ITokenizer Tokenizer { get; } = TokenizerLoader.Load(GoldenFiles.DemoModel);

    public static TaskTokens Tokens { get; } = new(Tokenizer);

    /// <summary>The tokens of an answer, tokenized like training data.</summary>
    public static int[] Encode(string text) => Tokenizer.Encode(text, ControlTokens.AsTokens);

    /// <summary>Reads an answer whose tokens all have the same probability.</summary>
    public static List<ParsedBox> Parse(string text, float logProbability = 0)
    {
        int[] ids = Encode(text);
        return Parse(ids, [.. ids.Select(_ => logProbability)]);
    }

    public static List<ParsedBox> Parse(int[] ids, float[] logProbabilities, StepNote[]? notes = null) =>
        new AnswerParser(Tokenizer, Tokens).Parse(ids, logProbabilities, notes);
}
