using System.Globalization;
using System.Numerics;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Loop;

/// <summary>State that changes from step to step besides parameters, optimizer and data: the best evaluation and the token count.</summary>
internal sealed class Progress(TrainerSettings settings)
{
    private double best;

    /// <summary>Tokens so far.</summary>
    public long Tokens { get; set; }

    /// <summary>Steps before the best evaluation; null before any.</summary>
    public long? BestStep { get; private set; }

    /// <summary>Throws if a step must not be taken.</summary>
    /// <param name="step">Its number, from 0.</param>
    /// <param name="loss">The loss of all batches of the step together.</param>
    /// <param name="norm">The norm of its gradient.</param>
    /// <exception cref="RequestException">The loss or the gradient is not a number.</exception>
    /// <exception cref="ModelFormatException">The loss of the first step is not a number: the model is damaged.</exception>
    public static void RequireNumbers(long step, double loss, double norm)
    {
        if (double.IsFinite(loss) && double.IsFinite(norm)) return;
        if (step == 0 && !double.IsFinite(loss))
        {
            throw new ModelFormatException(
                "The loss of the first step is not a finite number, before any parameter has changed: weights of the model are not finite "
                + "numbers, or too large to compute with; get the model's files again.");
        }

        throw new RequestException($"The {(double.IsFinite(loss) ? "gradient" : "loss")} of step {step + 1} is not a number: "
            + "a lower learning rate, a warm-up or clipping helps most; checkpoints are from before it.");
    }

    /// <summary>Hears of an evaluation.</summary>
    /// <returns>Whether it is the best so far.</returns>
    public bool Judge(long step, EvaluationResult result)
    {
        if (!result.Metrics.TryGetValue(settings.BestMetric, out double value) || !double.IsFinite(value)) return false;
        if (BestStep is not null && (settings.HigherIsBetter ? value <= best : value >= best)) return false;
        (BestStep, best) = (step, value);
        return true;
    }

    /// <summary>All of it as text.</summary>
    public Dictionary<string, string> ToValues()
    {
        var values = new Dictionary<string, string> { ["tokens"] = Text(Tokens) };
        if (BestStep is { } step) (values["best_step"], values["best_value"]) = (Text(step), Text(best));
        return values;

        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
    }

    /// <summary>Restores what <see cref="ToValues"/> gave.</summary>
    /// <exception cref="ModelFormatException">A value is missing or malformed.</exception>
    public void Restore(IReadOnlyDictionary<string, string> values, string folder)
    {
        Tokens = Read<long>("tokens");
        if (values.ContainsKey("best_step")) (BestStep, best) = (Read<long>("best_step"), Read<double>("best_value"));

        T Read<T>(string name) where T : INumber<T> => T.TryParse(
            values.GetValueOrDefault(name), NumberStyles.Float, CultureInfo.InvariantCulture, out T? value)
            ? value
            : throw new ModelFormatException($"The manifest of {folder} does not say {MessageText.Quote(name)}.");
    }
}
