using VlmSharp.Generation;

namespace VlmSharp.Core.Tests.Generation;

public sealed class GenerationOptionsTests
{
    public static TheoryData<string, string, GenerationOptions> Wrong => new()
    {
        { "max_new_tokens", "0", new() { MaxNewTokens = 0 } },
        { "min_new_tokens", "-1", new() { MinNewTokens = -1 } },
        { "min_new_tokens", "20", new() { MinNewTokens = 20, MaxNewTokens = 10 } },
        { "temperature", "0", new() { Temperature = 0 } },
        { "temperature", "NaN", new() { Temperature = float.NaN } },
        { "temperature", "Infinity", new() { Temperature = float.PositiveInfinity } },
        { "top_k", "-1", new() { TopK = -1 } },
        { "top_p", "1.5", new() { TopP = 1.5f } },
        { "top_p", "-0.5", new() { TopP = -0.5f } },
        { "min_p", "2", new() { MinP = 2 } },
        { "repetition_penalty", "0", new() { RepetitionPenalty = 0 } },
        { "no_repeat_ngram_size", "-3", new() { NoRepeatNgramSize = -3 } },
        { "num_beams", "0", new() { Beams = 0 } },
        { "num_beams", "257", new() { Beams = 257 } },
        { "num_beams", "does not sample", new() { Beams = 2, TopK = 5 } },
        { "length_penalty", "NaN", new() { LengthPenalty = float.NaN } },
        { "logprobs", "1001", new() { TopLogProbabilities = 1001 } },
        { "stop_strings", "at least one character", new() { StopStrings = ["a", ""] } },
        { "stop_ids", "-7", new() { StopIds = [-7] } },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void A_wrong_option_is_reported_by_its_name_in_transformers(string name, string says, GenerationOptions options)
    {
        RequestException e = Assert.Throws<RequestException>(options.Validate);
        Assert.StartsWith(name + " ", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
        Assert.Equal(name, e.Parameter);
    }

    [Fact]
    public void Extreme_but_meaningful_values_are_accepted()
    {
        new GenerationOptions().Validate();
        new GenerationOptions
        {
            TopP = 0,
            MinP = 1,
            TopK = 0,
            Temperature = 1e-6f,
            MinNewTokens = 128,
            Seed = -1,
            TopLogProbabilities = 1000
        }.Validate();
        new GenerationOptions
        {
            Beams = GenerationOptions.MaxBeams,
            LengthPenalty = -1,
            RepetitionPenalty = 0.5f,
            NoRepeatNgramSize = 1
        }.Validate();
    }
}
