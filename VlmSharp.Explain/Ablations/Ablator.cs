using VlmSharp.Generation;

namespace VlmSharp.Explain.Ablations;

/// <summary>
/// Runs one request greedily, then again with parts of the model switched off one at a time. Each switch is a backend that wraps
/// the model's own and changes one operator; all share the same network and parameters.
/// </summary>
public static class Ablator
{
    /// <summary>Runs a request with the whole model, and with each of its switches.</summary>
    /// <param name="model">The model. Its sessions may go on meanwhile: the steps take turns.</param>
    /// <param name="request">One picture and a prompt. Its seed, constraint and listener are not used: the choice is greedy.</param>
    /// <param name="options">What to switch off, or null for every switch of the whole model.</param>
    /// <param name="progress">Receives the share of the switches that are done, 0 to 1; or null.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>The answers, and how far the model moved with each switch.</returns>
    /// <exception cref="RequestException">
    /// The request does not fit the model or does not have exactly one picture, or the model has no switch of a given name.
    /// </exception>
    public static AblationReport Run(
        VisionLanguageModel model, GenerationRequest request, AblationOptions? options = null, IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        options ??= new AblationOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxNewTokens, AblationOptions.LargestMaxNewTokens);
        if (request.Images.Count > 1)
            throw new RequestException($"An ablation is of one picture, but the request has {request.Images.Count}: give one.");

        IReadOnlyList<AblationSwitch> switches = new SwitchList(model.Config, model.Network.Options).Choose(options);
        var run = new AblationRun(model, request with { Constraint = null, Trace = null }, options, cancellationToken);
        var results = new List<AblationResult>(switches.Count);
        foreach (AblationSwitch each in switches)
        {
            results.Add(run.With(each));
            progress?.Report((double)results.Count / switches.Count);
        }

        return new AblationReport
        {
            ModelName = ModelLabel.Of(model),
            Backend = $"{model.Backend.Name}: {model.Backend.Description}",
            Config = model.Config,
            Prompt = request.PromptIds is null ? request.Prompt : "",
            PromptTokens = run.PromptTokens,
            Seen = model.Preprocessor.Resize(request.Images[0]),
            OtherSeen = results.Exists(r => r.Switch.Wrap is null) ? model.Preprocessor.Resize(options.OtherImage!) : null,
            Answer = run.Answer,
            Whole = run.Whole,
            Results = results,
        };
    }
}
