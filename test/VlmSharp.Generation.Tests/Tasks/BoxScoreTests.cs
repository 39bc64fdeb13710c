using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Generation.Tests.Tasks;

/// <summary>How box scores are computed from the steps of the demo model.</summary>
public sealed class BoxScoreTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;
    private readonly RgbImage suns = Sample("sun.png"), carAndKey = Sample("car-key.png");

    public BoxScoreTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Theory, InlineData(true, 1), InlineData(false, 1), InlineData(true, 3), InlineData(false, 3)]
    public void Notes_describe_the_chosen_tokens_and_do_not_change_them(bool constrain, int beams)
    {
        var tasks = new TaskRunner(model, new TaskOptions { Constrain = constrain });
        var options = new GenerationOptions { MaxNewTokens = 40, Beams = beams };
        GenerationRequest request = tasks.Request(VisionTask.Detect("sun"), suns);
        GenerationResult noted = model.Generate(request, options), plain = model.Generate(request with { Notes = null }, options);
        Assert.Equal(plain.TokenIds, noted.TokenIds);
        Assert.Equal(plain.LogProbabilities, noted.LogProbabilities);
        Assert.Null(plain.Notes);
        Assert.Equal(noted.TokenIds.Count, noted.Notes!.Count);

        var tokens = new TaskTokens(model.Tokenizer!);
        int locations = 0, labels = 0;
        for (int i = 0; i < noted.TokenIds.Count; i++)
        {
            StepNote note = noted.Notes[i];
            if (tokens.LocationOf(noted.TokenIds[i]) is >= 0 and int place)
            {
                locations++;
                Assert.Equal(noted.LogProbabilities[i], note.Row![place]);
                Assert.InRange(note.Row.Sum(log => Math.Exp(log)), 0.9, 1.0001); // the rest belongs to the end, if it may follow
            }

            if (note.Allowed is not { } allowed) continue;
            labels++;
            Assert.InRange(allowed, float.NegativeInfinity, 1e-5f);
            if (!constrain) Assert.Equal(0, allowed);
        }

        Assert.Equal((8, 2), (locations, labels)); // two suns
    }

    /// <summary>Right boxes score near 1. For a banana that is not there the model marks the key, with a low score.</summary>
    [Fact]
    public void Right_boxes_are_above_a_half_and_wrong_ones_below()
    {
        var tasks = new TaskRunner(model);
        Assert.All(tasks.Run(VisionTask.Detect("sun"), suns).Detections, found => Assert.InRange(found.Score, 0.7f, 1));
        Assert.InRange(Assert.Single(tasks.Run(VisionTask.Detect("key"), carAndKey).Detections).Score, 0.7f, 1);
        Assert.InRange(Assert.Single(tasks.Run(VisionTask.Detect("banana"), carAndKey).Detections).Score, 0, 0.1f);
    }

    /// <summary>A constraint changes what may be generated, not how sure the model is.</summary>
    [Fact]
    public void A_box_has_about_the_same_score_with_and_without_a_constraint()
    {
        IReadOnlyList<Detection> bound = new TaskRunner(model).Run(VisionTask.Detect("sun"), suns).Detections;
        IReadOnlyList<Detection> free =
            new TaskRunner(model, new TaskOptions { Constrain = false }).Run(VisionTask.Detect("sun"), suns).Detections;
        Assert.Equal(2, bound.Count);
        Assert.All(bound.Zip(free), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 0.02f));
    }

    /// <summary>A prompt in other words, and a request that was not prepared for boxes.</summary>
    [Fact]
    public void A_free_prompt_has_scores_too()
    {
        var tasks = new TaskRunner(model);
        var typed = new GenerationRequest { Images = [suns], Prompt = "detect sun" };
        float asked = tasks.Read(VisionTask.Detect("sun"), model.Generate(tasks.ForBoxes(typed)), suns).Detections[0].Score;
        Assert.Equal(tasks.Run(VisionTask.Detect("sun"), suns).Detections[0].Score, asked, 0.02f);
        Assert.InRange(tasks.Read(VisionTask.Detect("sun"), model.Generate(typed), suns).Detections[0].Score, 0, asked / 2);
    }

    /// <summary>Scores do not depend on the other requests in the batch.</summary>
    [Fact]
    public void Scores_are_the_same_together_and_alone()
    {
        var tasks = new TaskRunner(model);
        IReadOnlyList<TaskResult> together = tasks.Run(VisionTask.Detect("sun"), [suns, carAndKey, suns]);
        Assert.Equal(
            tasks.Run(VisionTask.Detect("sun"), suns).Detections.Select(d => d.Score), together[2].Detections.Select(d => d.Score));
        Assert.Equal(
            tasks.Run(VisionTask.Detect("sun"), carAndKey).Detections.Select(d => d.Score), together[1].Detections.Select(d => d.Score));
    }

    private static RgbImage Sample(string name) => ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", name));
}
