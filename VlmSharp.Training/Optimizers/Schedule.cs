namespace VlmSharp.Training.Optimizers;

/// <summary>How the learning rate moves.</summary>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls to 0 along a line.</summary>
    Linear,

    /// <summary>It falls to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts).</summary>
    Cosine,
}

/// <summary>
/// The multiplier of the learning rate, as in transformers. With a warm-up of w steps it rises from 0 first, so the very first step changes
/// nothing; then p = (s - w) / (T - w) is the completed fraction:
/// <code>
/// s &lt; w:     s / w
/// constant:  1
/// linear:    1 - p
/// cosine:    (1 + cos(pi p)) / 2
/// </code>
/// </summary>
/// <param name="Kind">Which of them.</param>
/// <param name="TotalSteps">T, steps of the whole run.</param>
/// <param name="WarmupSteps">w, steps at the beginning in which the rate rises; 0 for none.</param>
public sealed record Schedule(ScheduleKind Kind, long TotalSteps, long WarmupSteps = 0)
{
    /// <summary>The multiplier of a step.</summary>
    /// <param name="step">s, from 0.</param>
    /// <returns>In [0, 1].</returns>
    public double Multiplier(long step)
    {
        if (step < WarmupSteps) return (double)step / WarmupSteps;
        double progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Kind switch
        {
            ScheduleKind.Linear => Math.Max(0, 1 - progress),
            ScheduleKind.Cosine => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress))),
            _ => 1,
        };
    }
}
