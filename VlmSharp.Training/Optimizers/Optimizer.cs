using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Formats;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// Updates parameters from gradients. It owns its state for each parameter (moments), which stays on the backend and is created with the
/// first gradient.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private const string TimeKey = "time", NameKey = "optimizer";

    private readonly Dictionary<Parameter, StateMatrix[]> states = [];

    /// <summary>Creates an optimizer.</summary>
    /// <param name="backend">Where the parameters are.</param>
    /// <param name="parameters">What is trained; names are unique.</param>
    /// <param name="settings">Decay and betas.</param>
    private protected Optimizer(IComputeBackend backend, IReadOnlyList<Parameter> parameters, OptimizerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(settings);
        if (parameters.GroupBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"Two parameters are named '{twice.Key}'.", nameof(parameters));
        (Backend, Parameters, Settings) = (backend, parameters, settings);
    }

    /// <summary>Its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What is trained.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Decay and betas.</summary>
    public OptimizerSettings Settings { get; }

    /// <summary>Steps that it has taken.</summary>
    public long Time { get; private set; }

    /// <summary>Where the parameters are.</summary>
    internal IComputeBackend Backend { get; }

    /// <summary>Which processes keep which states; null where this one keeps all.</summary>
    internal OptimizerShards? Shards { get; init; }

    /// <summary>Takes a step with the parameters' gradients. A parameter without a gradient does not change.</summary>
    /// <param name="rate">The learning rate of the step: the base rate times the multiplier.</param>
    /// <param name="multiplier">The schedule's multiplier, for <see cref="DecayForm.Schedule"/>.</param>
    /// <param name="gradientFactor">The factor applied to gradients first; it averages and clips them.</param>
    public void Step(double rate, double multiplier = 1, double gradientFactor = 1)
    {
        Time++;
        foreach (Parameter parameter in Parameters)
        {
            if (!parameter.Gradient.HasValue) continue;
            double decay = Settings.DecayScope == DecayScope.Kernels && !parameter.IsKernel ? 0 : Settings.WeightDecay;
            StateMatrix[] own = StatesOf(parameter);
            if (IsOwn(parameter)) Update(parameter, own, new StepRates(Time, rate, multiplier, decay, gradientFactor));
        }

        Shards?.Spread(Parameters.Where(p => p.Gradient.HasValue));
    }

    /// <summary>
    /// Writes time and states to a safetensors file. If processes share the states, the others call <see cref="GiveStates"/> meanwhile.
    /// </summary>
    /// <param name="path">A safetensors file; an existing one is replaced when the new one is complete.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        var metadata = new Dictionary<string, string> { [NameKey] = Name, [TimeKey] = Time.ToString(CultureInfo.InvariantCulture) };
        SafetensorsWriter.Write(path, StatesToWrite, metadata);
    }

    /// <summary>
    /// Sends this process's states to the saving process, one tensor at a time: it produces the same file's bytes in the same order and
    /// discards them.
    /// </summary>
    internal void GiveStates()
    {
        foreach (TensorToWrite tensor in SafetensorsWriter.InFileOrder(StatesToWrite)) tensor.Discard();
    }

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <param name="path">A file of <see cref="Save"/>, of the same optimizer and parameters.</param>
    /// <exception cref="ModelFormatException">It is damaged, or belongs to another optimizer or other parameters.</exception>
    public void Load(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string? name = file.Metadata.GetValueOrDefault(NameKey);
        if (name != Name)
            throw new ModelFormatException($"{path} holds the state of {MessageText.Quote(name ?? "no optimizer")}, and the optimizer is "
                + $"{Name}.");
        if (!long.TryParse(file.Metadata.GetValueOrDefault(TimeKey), NumberStyles.None, CultureInfo.InvariantCulture, out long time))
            throw new ModelFormatException($"{path} does not say how many steps its optimizer has taken.");
        Clear();
        Time = time;
        int read = 0;
        foreach (Parameter parameter in Parameters)
        {
            StateMatrix[] own = Describe(parameter);
            int there = own.Count(s => file.Entries.ContainsKey(s.NameOf(parameter.Name)));
            if (there == 0) continue; // no gradient has reached it yet
            if (there < own.Length)
                throw new ModelFormatException($"{path} lacks a part of the state of {MessageText.Quote(parameter.Name)}.");
            states[parameter] = IsOwn(parameter) ? [.. own.Select(s => s.Read(Backend, file, parameter.Name))] : own;
            read += there;
        }

        if (read < file.Entries.Count)
            throw new ModelFormatException($"{path} holds the state of {file.Entries.Count - read} tensors that are not trained here.");
    }

    /// <summary>Changes a parameter and its states.</summary>
    private protected abstract void Update(Parameter parameter, StateMatrix[] states, in StepRates step);

    /// <summary>Which states a parameter has, without their matrices.</summary>
    private protected abstract StateMatrix[] Describe(Parameter parameter);

    private IEnumerable<TensorToWrite> StatesToWrite => states.SelectMany(s => s.Value.Select(m => m.ToWrite(Backend, s.Key, Shards)));

    private bool IsOwn(Parameter parameter) => Shards is null || Shards.IsOwn(parameter);

    /// <summary>A parameter's states, or only their description if another process updates the parameter.</summary>
    private StateMatrix[] StatesOf(Parameter parameter)
    {
        if (states.TryGetValue(parameter, out StateMatrix[]? known)) return known;
        StateMatrix[] made = Describe(parameter);
        return states[parameter] = IsOwn(parameter) ? [.. made.Select(s => s.Zeros(Backend))] : made;
    }

    private void Clear()
    {
        foreach (StateMatrix state in states.Values.SelectMany(s => s)) state.Matrix.Dispose();
        states.Clear();
    }

    /// <summary>Frees the states.</summary>
    public void Dispose()
    {
        Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>The numbers of a step, for one parameter.</summary>
    private protected readonly record struct StepRates(long Time, double Rate, double Multiplier, double Decay, double GradientFactor)
    {
        /// <summary>The same for Adam.</summary>
        public AdamStep ToAdam(OptimizerSettings s) =>
            new(Time, Rate, Decay * (s.DecayForm == DecayForm.LearningRate ? Rate : Multiplier), s.Beta1, s.Beta2, s.Epsilon,
                GradientFactor);
    }
}
