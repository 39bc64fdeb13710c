using VlmSharp.Training.Objectives;

namespace VlmSharp.Training.Tests.Objectives;

/// <summary>The losses of picture-text pairs, compared with their equations, and their gradients, compared with slopes.</summary>
public sealed class PairLossTests
{
    private const int Count = 5, Width = 7;
    private const double Scale = 4, Bias = -1.5;

    private delegate PairLoss Objective(float[] pictures, float[] texts, double scale, double bias);

    private static readonly float[] Pictures = UnitVectors(1), Texts = UnitVectors(2);

    public static TheoryData<string> Names => ["sigmoid", "contrastive"];

    private static Objective Named(string name) => name == "sigmoid"
        ? (x, y, t, b) => SigmoidLoss.Compute(x, y, Width, t, b)
        : (x, y, t, _) => ContrastiveLoss.Compute(x, y, Width, t);

    [Fact]
    public void The_sigmoid_loss_is_its_equation()
    {
        double sum = 0;
        for (int i = 0; i < Count; i++)
            for (int j = 0; j < Count; j++) sum -= Math.Log(1 / (1 + Math.Exp((i == j ? -1 : 1) * (Scale * Dot(i, j) + Bias))));
        Assert.Equal(sum / Count, SigmoidLoss.Compute(Pictures, Texts, Width, Scale, Bias).Loss, 1e-12);
    }

    [Fact]
    public void The_contrastive_loss_is_its_equation()
    {
        double sum = 0;
        for (int i = 0; i < Count; i++)
        {
            double own = Math.Exp(Scale * Dot(i, i));
            sum -= Math.Log(own / Enumerable.Range(0, Count).Sum(k => Math.Exp(Scale * Dot(i, k))));
            sum -= Math.Log(own / Enumerable.Range(0, Count).Sum(k => Math.Exp(Scale * Dot(k, i))));
        }

        Assert.Equal(sum / (2 * Count), ContrastiveLoss.Compute(Pictures, Texts, Width, Scale).Loss, 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void Gradients_equal_slopes(string name)
    {
        Objective objective = Named(name);
        PairLoss at = objective(Pictures, Texts, Scale, Bias);
        for (int i = 0; i < Pictures.Length; i++)
        {
            Assert.Equal(Slope(Pictures, i, x => objective(x, Texts, Scale, Bias).Loss), at.PictureGradient[i], 2e-6);
            Assert.Equal(Slope(Texts, i, y => objective(Pictures, y, Scale, Bias).Loss), at.TextGradient[i], 2e-6);
        }

        const double h = 1e-4;
        double LossAt(double scale, double bias) => objective(Pictures, Texts, scale, bias).Loss;
        Assert.Equal((LossAt(Scale + h, Bias) - LossAt(Scale - h, Bias)) / (2 * h), at.ScaleGradient, 1e-6);
        Assert.Equal((LossAt(Scale, Bias + h) - LossAt(Scale, Bias - h)) / (2 * h), at.BiasGradient, 1e-6);
        Assert.True(at.PictureGradient.Max(Math.Abs) > 0.01, "Gradients that are nothing show nothing.");
    }

    /// <summary>Scores for which an exponential would overflow.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Large_scores_stay_finite(string name)
    {
        PairLoss loss = Named(name)(Pictures, Texts, 1e5, 0);
        Assert.True(double.IsFinite(loss.Loss) && loss.Loss > 1, $"The loss is {loss.Loss}.");
        Assert.All(loss.PictureGradient, g => Assert.True(float.IsFinite(g)));
    }

    /// <summary>The sigmoid loss can be computed in pieces, because the part of a pair does not depend on other pairs.</summary>
    [Fact]
    public void Another_pair_changes_the_softmax_of_the_others_but_not_their_sigmoid()
    {
        float[] x = [1, 0], y = [0.6f, 0.8f], other = [0, 1];
        double alone = SigmoidLoss.Compute(x, y, 2).Loss, together = 2 * SigmoidLoss.Compute([.. x, .. other], [.. y, .. other], 2).Loss;
        double cross = Softplus(10 * 0 - 10) + Softplus(10 * 0.8 - 10), second = SigmoidLoss.Compute(other, other, 2).Loss;
        Assert.Equal(alone + second + cross, together, 1e-6);
        Assert.Equal(0, ContrastiveLoss.Compute(x, y, 2).Loss, 1e-12); // one picture and one text: nothing to choose
        Assert.True(ContrastiveLoss.Compute([.. x, .. other], [.. y, .. other], 2).Loss > 0.1);
    }

    [Theory]
    [InlineData(0, 0, 2), InlineData(4, 6, 2), InlineData(3, 3, 2)]
    public void Vectors_that_do_not_form_pairs_are_refused(int pictures, int texts, int width)
    {
        Assert.Throws<ArgumentException>(() => SigmoidLoss.Compute(new float[pictures], new float[texts], width));
        Assert.Throws<ArgumentException>(() => ContrastiveLoss.Compute(new float[pictures], new float[texts], width));
    }

    private static double Softplus(double v) => Math.Log(1 + Math.Exp(v));

    private static double Slope(float[] at, int index, Func<float[], double> loss)
    {
        float[] up = [.. at], down = [.. at];
        up[index] += 1e-3f;
        down[index] -= 1e-3f;
        return (loss(up) - loss(down)) / ((double)up[index] - down[index]);
    }

    private static double Dot(int i, int j) => Enumerable.Range(0, Width).Sum(k => (double)Pictures[i * Width + k] * Texts[j * Width + k]);

    private static float[] UnitVectors(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Count).SelectMany(_ =>
        {
            float[] v = [.. Enumerable.Range(0, Width).Select(_ => random.NextSingle() - 0.5f)];
            float length = MathF.Sqrt(v.Sum(a => a * a));
            return v.Select(a => a / length);
        })];
    }
}
