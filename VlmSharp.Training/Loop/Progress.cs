using System.Globalization;
using System.Numerics;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Loop;

/// <summary>What moves on from step to step beside parameters, optimizer and data: the best evaluation, the loss scale, the tokens so far.</summary>
internal sealed class Progress(TrainerSettings settings)
{
    private readonly LossScaler? scaler = settings.ScaleLoss ? new LossScaler() : null;
    private double best;

    /// <summary>What gradients are multiplied by.</summary>
    public double LossScale => scaler?.Scale ?? 1;

    /// <summary>Tokens so far.</summary>
    public long Tokens { get; set; }

    /// <summary>Steps before the best evaluation; null before any.</summary>
    public long? BestStep { get; private set; }

    /// <summary>Whether a step is taken. One with a gradient that overflowed is left out under a loss scale, and else is an error.</summary>
    /// <exception cref="RequestException">The loss is not a number, or the gradient is none without a loss scale.</exception>
    public bool Accepts(long step, double loss, double norm)
    {
        const string Advice = "a lower learning rate, a warm-up or clipping helps most; checkpoints are from before it";
        if (!double.IsFinite(loss)) throw new RequestException($"The loss of step {step} is not a number: {Advice}.");
        if (scaler is not null) return scaler.Update(double.IsFinite(norm));
        return double.IsFinite(norm) ? true : throw new RequestException($"The gradient of step {step} is not a number: {Advice}.");
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
        if (scaler is not null) (values["loss_scale"], values["good_steps"]) = (Text(scaler.Scale), Text(scaler.GoodSteps));
        return values;

        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
    }

    /// <summary>Goes on with what <see cref="ToValues"/> gave.</summary>
    /// <exception cref="ModelFormatException">A value is missing or none.</exception>
    public void Restore(IReadOnlyDictionary<string, string> values, string folder)
    {
        Tokens = Read<long>("tokens");
        if (values.ContainsKey("best_step")) (BestStep, best) = (Read<long>("best_step"), Read<double>("best_value"));
        scaler?.Restore(Read<double>("loss_scale"), Read<int>("good_steps"));

        T Read<T>(string name) where T : INumber<T> => T.TryParse(values.GetValueOrDefault(name), NumberStyles.Float, CultureInfo.InvariantCulture, out T? value)
            ? value
            : throw new ModelFormatException($"The manifest of {folder} does not say {MessageText.Quote(name)}.");
    }
}
