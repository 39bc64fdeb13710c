using VlmSharp.Training.Objectives;

namespace VlmSharp.Training.Tests.Pages;

/// <summary>The batch of <c>docs/sigmoid-loss.md</c>.</summary>
public sealed class SigmoidLossPageTests
{
    private const int Count = 3;

    private static readonly float[] Pictures = [1, 0, 0, 1, -1, 0], Texts = [0.8f, 0.6f, -0.6f, 0.8f, -0.8f, -0.6f];

    [Fact]
    public void Its_numbers_are_those_of_the_two_losses()
    {
        PairLoss sigmoid = SigmoidLoss.Compute(Pictures, Texts, 2, scale: 10, bias: -10);
        PairLoss softmax = ContrastiveLoss.Compute(Pictures, Texts, 2, scale: 10);
        double[,] s = new EmbeddingPairs(Pictures, Texts, 2).Scores(10, -10);
        new PageNumbers("sigmoid-loss.md").AssertAre(
            ("X", Rows(Pictures)),
            ("Y", Rows(Texts)),
            ("S", Each((i, j) => s[i, j])),
            ("pair", Each((i, j) => -Math.Log(1 / (1 + Math.Exp((i == j ? -1 : 1) * s[i, j]))))),
            ("sigmoid", [[sigmoid.Loss]]),
            ("ds", Each((i, j) => (i == j ? -1 : 1) / (1 + Math.Exp((i == j ? 1 : -1) * s[i, j])) / Count)),
            ("dX", Rows(sigmoid.PictureGradient)),
            ("dY", Rows(sigmoid.TextGradient)),
            ("dt", [[sigmoid.ScaleGradient]]),
            ("db", [[sigmoid.BiasGradient]]),
            ("p", Each((i, j) => Math.Exp(s[i, j]) / Enumerable.Range(0, Count).Sum(k => Math.Exp(s[i, k])))),
            ("q", Each((i, j) => Math.Exp(s[i, j]) / Enumerable.Range(0, Count).Sum(k => Math.Exp(s[k, j])))),
            ("softmax", [[softmax.Loss]]),
            ("dX'", Rows(softmax.PictureGradient)),
            ("dt'", [[softmax.ScaleGradient]]),
            ("b=0", [[SigmoidLoss.Compute(Pictures, Texts, 2, scale: 10, bias: 0).Loss]]));
    }

    /// <summary>The exercise: a bias does not change a softmax.</summary>
    [Fact]
    public void A_bias_changes_only_the_sigmoid_loss()
    {
        var pairs = new EmbeddingPairs(Pictures, Texts, 2);
        double[,] plain = pairs.Scores(10, 0), moved = pairs.Scores(10, -10);
        for (int i = 0; i < Count; i++)
            for (int j = 0; j < Count; j++)
                Assert.Equal(Share(plain, i, j), Share(moved, i, j), 1e-12);
        Assert.Equal(0, ContrastiveLoss.Compute(Pictures, Texts, 2, scale: 10).BiasGradient);
        Assert.NotEqual(0, SigmoidLoss.Compute(Pictures, Texts, 2).BiasGradient, 0.1);

        static double Share(double[,] s, int i, int j) => Math.Exp(s[i, j]) / Enumerable.Range(0, Count).Sum(k => Math.Exp(s[i, k]));
    }

    private static double[][] Rows(IReadOnlyList<float> values) => [.. values.Chunk(2).Select(row => row.Select(v => (double)v).ToArray())];

    private static double[][] Each(Func<int, int, double> of) =>
        [.. Enumerable.Range(0, Count).Select(i => Enumerable.Range(0, Count).Select(j => of(i, j)).ToArray())];
}
