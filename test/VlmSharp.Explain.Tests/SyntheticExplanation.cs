using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Explain;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;

namespace VlmSharp.Explain.Tests;

/// <summary>Explanations of any size without running a model: random attention over any picture.</summary>
internal static class SyntheticExplanation
{
    public static Explanation Create(
        RgbImage picture, int imageSize, int patchSize, int layers, string[] prompt, string[] answer, int vocabulary = 2176)
    {
        using Checkpoint demo = Checkpoint.Open(GoldenFiles.DemoModel);
        PaliGemmaConfig config = demo.Config with
        {
            Vision = demo.Config.Vision with { ImageSize = imageSize, PatchSize = patchSize },
            Text = demo.Config.Text with { Layers = layers, VocabSize = vocabulary },
        };
        int patches = config.Vision.Patches, count = patches + prompt.Length;
        var random = new Random(7);
        ExplainedToken Token(int index, string piece) => new(index, 5, piece, index < patches);
        return new Explanation
        {
            ModelName = "folder/model",
            Backend = "reference",
            Config = config,
            Options = new ModelOptions(),
            Preprocessor = new PreprocessorConfig { Size = imageSize },
            Prompt = string.Concat(prompt),
            Original = picture,
            Seen = picture.Resize(imageSize, imageSize),
            Tokens = [.. Enumerable.Range(0, count).Select(i => Token(i, i < patches ? "<image>" : prompt[i - patches]))],
            Norms =
            [
                .. Stages(layers).Select(name =>
                    new StageNorm(
                        name, 1 + random.NextDouble(), name.StartsWith("text.", StringComparison.Ordinal) ? 5 * random.NextDouble() : null))
            ],
            Steps = [.. answer.Select((piece, i) => Step(Token(count + i, piece), count + i))],
            Finish = FinishReason.Stop,
            Text = string.Concat(answer),
        };

        ExplainedStep Step(ExplainedToken token, int keys)
        {
            float[] weights = new float[keys];
            for (int i = 0; i < keys; i++) weights[i] = (float)random.NextDouble();
            float sum = weights.Sum();
            for (int i = 0; i < keys; i++) weights[i] /= sum;
            int side = config.Vision.PatchesPerSide, perCell = (side + 31) / 32, coarse = (side + perCell - 1) / perCell;
            double shown = weights.Take(patches).Sum(w => (double)w);
            var share = new AttentionShare(shown, (1 - shown) / 2, (1 - shown) / 2);
            ExplainedCandidate[] candidates =
                [.. Enumerable.Range(0, 8).Select(i => new ExplainedCandidate(i, token.Piece, Math.Pow(2, -i - 1)))];
            return new ExplainedStep(token, 0.5, candidates, weights, share, new AttentionMap(side, 1, weights[..patches]),
                [
                    .. Enumerable.Range(0, layers)
                        .Select(_ =>
                            new LayerAttention(
                                share,
                                new AttentionMap(
                                    coarse, perCell, [.. Enumerable.Range(0, coarse * coarse).Select(_ => (float)random.NextDouble())])))
                ]);
        }
    }

    private static IEnumerable<string> Stages(int layers) =>
        [
            "vision.embeddings",
            .. Enumerable.Range(0, 27).Select(i => $"vision.layer.{i}"),
            "vision.post_norm",
            "projector",
            "text.input",
            .. Enumerable.Range(0, layers).Select(i => $"text.layer.{i}"),
            "text.norm"
        ];
}
