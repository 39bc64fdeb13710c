using VlmSharp.Fuzz.Tests.Targets;
using Xunit.Abstractions;

namespace VlmSharp.Fuzz.Tests;

/// <summary>
/// Mutated inputs of every kind are used or rejected with VlmSharp's own exception, within the stated memory, and never hang. The
/// inputs are the same on every machine; VLMSHARP_FUZZ_SECONDS asks for more of them (docs/hostile-input.md).
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Func<FuzzTarget>> Targets = All().ToDictionary(entry => entry.Name, entry => entry.Make);

    /// <summary>Every format's name.</summary>
    public static TheoryData<string> Formats => [.. Targets.Keys];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Hostile_input_is_used_or_rejected(string format)
    {
        FuzzSettings settings = FuzzSettings.Read(Targets.Count);
        if (settings.OnlyFormat is { } only && only != format) return;
        using FuzzTarget target = Targets[format]();
        FuzzTally tally = new FuzzRunner(target, settings).Run();
        output.WriteLine(tally.ToString());
        Assert.True(tally.Faults.Count == 0, string.Join("\n", tally.Faults));
        if (settings.Iterations == 1) return;
        // A reader that refuses everything, or that is never reached, has not been tested.
        Assert.True(tally.Accepted > 0, $"Every mutation of {format} was rejected.");
        Assert.True(tally.Rejected > 0 != target.AcceptsAll, $"{tally.Rejected} mutations of {format} were rejected.");
    }

    /// <summary>The input of an iteration depends only on its number.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void Inputs_are_the_same_each_time(string format)
    {
        using FuzzTarget one = Targets[format](), two = Targets[format]();
        for (int i = 0; i < 20; i++) Assert.Equal(one.Input(i).Bytes, two.Input(i).Bytes);
    }

    private static IEnumerable<(string Name, Func<FuzzTarget> Make)> All() =>
        ((Func<FuzzTarget>[])[
            .. ImageTarget.All(),
            () => new SafetensorsTarget(), () => new CheckpointTarget(), () => new QuantizedTarget(), () => new IndexTarget(),
            () => new NpzTarget(),
            () => new ConfigTarget(), () => new GenerationConfigTarget(), () => new PreprocessorTarget(),
            () => new TokenizerJsonTarget(), () => new TokenizerModelTarget(), () => new AddedTokensTarget(),
            () => new PromptTarget(), () => new AnswerTarget(), () => new ManifestTarget(),
            () => new TrainingDataTarget(), () => new CocoMaskTarget(),
            () => new CaptionFilesTarget(), () => new AnswerFilesTarget(), () => new DetectionFilesTarget(),
            () => new AdapterConfigTarget(), () => new AdapterTensorsTarget(),
            () => new ChatBodyTarget(), () => new NativeBodyTarget(), () => new FormTarget(), () => new DataUriTarget(),
            () => new PictureUrlTarget(), () => new KeyFileTarget(),
        ]).Select(make => (Name(make), make));

    private static string Name(Func<FuzzTarget> make)
    {
        using FuzzTarget target = make();
        return target.Name;
    }
}
