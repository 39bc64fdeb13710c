using System.Text.Json;
using VlmSharp.Generation;

namespace VlmSharp.Conformance;

/// <summary>The settings of <c>sampling/sampling.json</c>.</summary>
public static class GoldenSettings
{
    /// <summary>The options of a case.</summary>
    public static GenerationOptions Read(JsonElement golden)
    {
        var options = new GenerationOptions
        {
            RepetitionPenalty = Number("repetition_penalty") ?? 1,
            NoRepeatNgramSize = (int)(Number("no_repeat_ngram_size") ?? 0),
            MinNewTokens = (int)(Number("min_new_tokens") ?? 0),
            Temperature = Number("temperature"),
            TopK = (int?)Number("top_k"),
            TopP = Number("top_p"),
            MinP = Number("min_p"),
        };
        return options.IsSampling ? options with { TopK = options.TopK ?? 0 } : options; // without a top-k the cases mean none

        float? Number(string name) => golden.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : null;
    }
}
