namespace VlmSharp.Training.Optimizers;

/// <summary>
/// The factor that keeps small gradients from vanishing in fp16 (Micikevicius et al. 2018, section 3.2), found while training: a step whose
/// gradient overflows is left out and halves it; many good ones in a row double it.
/// </summary>
public sealed class LossScaler
{
    private const double First = 1 << 16, Most = 1L << 40;
    private const int GoodStepsToGrow = 2000;

    /// <summary>What the loss is multiplied by before the backward pass.</summary>
    public double Scale { get; private set; } = First;

    /// <summary>Good steps since it last changed.</summary>
    public int GoodSteps { get; private set; }

    /// <summary>Hears of a step's gradient.</summary>
    /// <param name="isFinite">Whether every number of it is.</param>
    /// <returns>Whether the step is taken.</returns>
    public bool Update(bool isFinite)
    {
        if (!isFinite)
        {
            (Scale, GoodSteps) = (Scale / 2, 0);
            return false;
        }

        if (++GoodSteps == GoodStepsToGrow) (Scale, GoodSteps) = (Math.Min(Most, 2 * Scale), 0);
        return true;
    }

    /// <summary>Goes on where another run stopped.</summary>
    /// <param name="scale">Its factor.</param>
    /// <param name="goodSteps">Its good steps.</param>
    public void Restore(double scale, int goodSteps) => (Scale, GoodSteps) = (scale, goodSteps);
}
