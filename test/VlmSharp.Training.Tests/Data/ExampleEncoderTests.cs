using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;
using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

/// <summary>The tokens of examples equal those of transformers' processor.</summary>
public sealed class ExampleEncoderTests
{
    private static readonly string Pg1 = GoldenFiles.PathOf("models", "pg1");

    [Theory, InlineData("pg1"), InlineData("pg2")]
    public void Ids_types_and_labels_equal_the_reference(string model)
    {
        ExampleEncoder encoder = Encoder(model);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", $"{model}.json")));
        JsonElement samples = golden.RootElement.GetProperty("samples");
        Assert.Equal(4, samples.GetArrayLength());
        foreach (JsonElement sample in samples.EnumerateArray())
        {
            EncodedExample tokens =
                encoder.Encode(Example(sample.GetProperty("prefix").GetString()!), sample.GetProperty("suffix").GetString()!);
            Assert.Equal(Numbers(sample, "input_ids"), tokens.Ids);
            Assert.Equal(Numbers(sample, "token_type_ids"), tokens.TokenTypeIds());
            Assert.Equal(Numbers(sample, "labels"), tokens.Labels());
            Assert.Equal(0, tokens.Cut);
            Assert.Equal(tokens.Labels().Count(label => label != EncodedExample.NoLabel), tokens.TargetCount);
            Assert.Equal(tokens.Labels()[tokens.FirstTargetRow + 1], tokens.Ids[tokens.PrefixLength]);
        }
    }

    [Theory, InlineData(""), InlineData("caption en"), InlineData("two lines\nof it"), InlineData("ends in one\n\n"),
        InlineData("<eos> <image> as text"), InlineData(" \t ")]
    public void Inputs_equal_those_of_inference(string prefix)
    {
        ITokenizer tokenizer = TokenizerLoader.Load(Pg1);
        EncodedExample tokens = Encoder("pg1").Encode(Example(prefix), "yes");
        Assert.Equal(PromptTokens.Build(tokenizer, prefix, 16), tokens.Ids.Take(tokens.PrefixLength));
        Assert.Equal(tokenizer.Encode("\n", ControlTokens.AsText).Single(), tokens.Ids[tokens.PrefixLength - 1]);
    }

    [Fact]
    public void Control_tokens_in_an_answer_are_text()
    {
        ITokenizer tokenizer = TokenizerLoader.Load(Pg1);
        EncodedExample tokens = Encoder("pg1").Encode(Example("x"), "a <eos> b");
        Assert.Equal(tokens.Ids.Count - 1, tokens.Ids.ToList().IndexOf(tokenizer.EosId));
    }

    [Fact]
    public void A_long_answer_is_cut_and_counted()
    {
        TrainingExample example = Example("caption en");
        EncodedExample whole = Encoder("pg1").Encode(example, "a tabby cat looking at you");
        int text = whole.Ids.Count - 16;
        Assert.Equal(text, Encoder("pg1").CountText("caption en", "a tabby cat looking at you"));
        Assert.Equal(0, Encoder("pg1", text).Encode(example, "a tabby cat looking at you").Cut);
        EncodedExample cut = Encoder("pg1", text - 3).Encode(example, "a tabby cat looking at you");
        Assert.Equal(3, cut.Cut);
        Assert.Equal(whole.Ids.Take(whole.Ids.Count - 3), cut.Ids);
        Assert.Equal(whole.PrefixLength, cut.PrefixLength);
    }

    [Fact]
    public void A_question_that_leaves_no_room_is_an_error_with_its_place()
    {
        var error = Assert.Throws<TrainingDataException>(() => Encoder("pg1", 3).Encode(Example("caption en"), "cat"));
        Assert.StartsWith("train.jsonl:7: the question alone has 6 tokens of the 3 ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_beyond_the_context_are_an_error()
    {
        TrainingExample many = Example("x") with { Images = [.. Enumerable.Repeat("a.png", 2000)] };
        Assert.Contains(
            "give fewer", Assert.Throws<TrainingDataException>(() => Encoder("pg1").Encode(many, "y")).Message, StringComparison.Ordinal);
    }

    internal static ExampleEncoder Encoder(string model, int? textLength = null)
    {
        string folder = GoldenFiles.PathOf("models", model);
        return new ExampleEncoder(Checkpoint.ReadConfig(folder), TokenizerLoader.Load(folder), textLength);
    }

    private static TrainingExample Example(string prefix) =>
        new() { Images = ["a.png"], Prefix = prefix, Suffixes = [""], File = "train.jsonl", Line = 7 };

    private static int[] Numbers(JsonElement o, string name) => [.. o.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
