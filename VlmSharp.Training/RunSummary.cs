using System.Globalization;
using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>The options of a run in words, for its report.</summary>
internal static class RunSummary
{
    /// <summary>Name and value, in the order in which people ask.</summary>
    /// <param name="inputs">Model, data and options.</param>
    /// <param name="model">What is trained.</param>
    /// <param name="evaluation">The held-out data, or null.</param>
    /// <param name="steps">Optimizer steps.</param>
    /// <param name="processes">How many train together.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(
        TrainingInputs inputs, TrainableModel model, TrainingData? evaluation, long steps, int processes)
    {
        FineTuningOptions o = inputs.Options;
        var all = new List<KeyValuePair<string, string>>();
        Add("model", o.Model + (o.Quantization is { } format ? $", the decoder quantized to {NameOf(format)}" : ""));
        Add("data", $"{o.Data}: {inputs.Data.Count} examples");
        if (evaluation is not null) Add("held-out data", $"{evaluation.Path}: {evaluation.Count} examples");
        Add("trained", $"{Trained(o, model)}: {model.Parameters.Sum(p => p.Length).ToString("N0", CultureInfo.InvariantCulture)} numbers");
        Add("steps", o.Epochs is { } epochs ? $"{steps} ({Text(epochs)} times through the data)" : $"{steps}");
        Add(
            "batch",
            $"{o.BatchSize} examples" + If(o.Accumulation > 1, $", {o.Accumulation} batches to a step")
                + If(processes > 1, $", over {processes} processes"));
        string schedule = o.Schedule.ToString().ToLowerInvariant();
        Add("learning rate", $"{Text(o.LearningRate)}, {schedule}" + If(o.WarmupSteps > 0, $", {o.WarmupSteps} steps of warm-up"));
        Add("optimizer", Optimizer(o));
        Add("loss", $"mean over {(o.Loss.Reduction == LossReduction.TokenMean ? "tokens" : "examples")}"
            + (o.Loss.LabelSmoothing > 0 ? $", label smoothing {Text(o.Loss.LabelSmoothing)}" : ""));
        Add("order", $"{(o.Shuffle ? "shuffled" : "the file's")}, seed {o.Seed}");
        if (o.TextLength is { } length) Add("longest text", $"{length} tokens");
        if (o.Precision != DType.F32) Add("trained weights", $"{NameOf(o.Precision)} beside an f32 copy");
        return all;

        void Add(string name, string value) => all.Add(new(name, value));
    }

    private static string Trained(FineTuningOptions o, TrainableModel model)
    {
        if (!model.HasAdapter) return o.Freeze.Count > 0 ? $"the model but {string.Join(", ", o.Freeze)}" : "the whole model";
        if (o.Adapter is not null) return $"the adapter that {o.Adapter} began";
        AdapterConfig a = o.NewAdapter;
        string targets = a.TargetModules == FineTuningOptions.DecoderAdapter.TargetModules
            ? "all linear layers of the decoder"
            : $"{a.TargetModules}";
        string scale = Text(a.Alpha) + If(a.UseRsLora, " (rsLoRA)") + If(a.Dropout > 0, $", dropout {Text(a.Dropout)}");
        return $"an adapter of rank {a.Rank}, alpha {scale}, on {targets}";
    }

    private static string Optimizer(FineTuningOptions o)
    {
        OptimizerSettings s = o.OptimizerSettings;
        string name = o.Optimizer.ToString().ToLowerInvariant();
        string moved = o.Optimizer == OptimizerKind.Sgd ? $"momentum {Text(s.Momentum)}" : $"betas {Text(s.Beta1)} and {Text(s.Beta2)}";
        string decay = If(s.WeightDecay > 0, $", weight decay {Text(s.WeightDecay)}")
            + If(s is { WeightDecay: > 0, DecayScope: DecayScope.Kernels }, " of matrices");
        return $"{name}, {moved}{decay}" + If(o.ClipNorm is not null, $", clipped to norm {Text(o.ClipNorm ?? 0)}");
    }

    private static string If(bool isSo, string text) => isSo ? text : "";

    private static string NameOf(DType format) => format.ToString().ToLowerInvariant();

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
