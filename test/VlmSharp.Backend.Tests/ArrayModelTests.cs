using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;

namespace VlmSharp.Backend.Tests;

/// <summary>A complete model on a third-party backend.</summary>
public sealed class ArrayModelTests : IDisposable
{
    private readonly ArrayBackend backend = new();
    private readonly VisionLanguageModel model;
    private readonly GoldenCase[] cases = GoldenCase.Load("pg1");

    public ArrayModelTests() => model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg1"), backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Fact]
    public void Greedy_tokens_equal_the_reference_alone_and_batched()
    {
        var options = new GenerationOptions { MaxNewTokens = cases[0].Tokens.Length, IgnoreEndOfSequence = true };
        IReadOnlyList<GenerationResult> together = model.Generate([.. cases.Select(c => c.Request())], options);
        for (int i = 0; i < cases.Length; i++) Assert.Equal(cases[i].Tokens, together[i].TokenIds);
        Assert.Equal(cases[0].Tokens, model.Generate(cases[0].Request(), options).TokenIds);
    }

    [Fact]
    public void Beams_equal_the_reference()
    {
        GoldenCase golden = cases.Single(c => c.Name == "question");
        var options = new GenerationOptions { MaxNewTokens = golden.BeamTokens.Length, IgnoreEndOfSequence = true, Beams = 4 };
        Assert.Equal(golden.BeamTokens, model.Generate(golden.Request(), options).TokenIds);
    }

    [Fact]
    public void Draws_equal_those_of_other_backends()
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = 12,
            IgnoreEndOfSequence = true,
            Temperature = 0.8f,
            TopP = 0.95f,
            Seed = 5,
            TopLogProbabilities = 3,
        };
        using var other = new ReferenceBackend();
        using VisionLanguageModel same = VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg1"), other);
        GenerationResult expected = same.Generate(cases[0].Request(), options), actual = model.Generate(cases[0].Request(), options);
        Assert.Equal(expected.TokenIds, actual.TokenIds);
        Assert.Equal(expected.TopLogProbabilities!.Select(t => t[0].Id), actual.TopLogProbabilities!.Select(t => t[0].Id));
    }
}
