using VlmSharp.Checkpoints;
using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>An adapter on a backend, next to the model that it is for.</summary>
public sealed class Adapter : IDisposable
{
    private readonly Dictionary<string, LowRank> layers; // by the canonical name of the layer's weight
    private readonly AdapterFile? file;

    /// <summary>An adapter of matrices that are on a backend already: one that is trained. Takes them over.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="modules">Its layers.</param>
    /// <param name="load">Gives the matrices of a layer.</param>
    internal Adapter(string name, AdapterConfig config, IReadOnlyList<AdaptedModule> modules, Func<AdaptedModule, (Weight A, Weight B)> load)
    {
        (Name, Config, Modules) = (name, config, modules);
        layers = new Dictionary<string, LowRank>(StringComparer.Ordinal);
        try
        {
            foreach (AdaptedModule module in modules)
            {
                (Weight a, Weight b) = load(module);
                layers.Add(module.WeightName, new LowRank(a, b, (float)module.Scale, layers.Count));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private Adapter(string name, AdapterFile file, IComputeBackend backend)
        : this(name, file.Config, file.Modules, module => Load(file, module, backend)) => this.file = file;

    /// <summary>What requests call it.</summary>
    public string Name { get; }

    /// <summary>Its configuration.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The layers that it adds to.</summary>
    public IReadOnlyList<AdaptedModule> Modules { get; }

    /// <summary>Numbers in all its matrices.</summary>
    public long Parameters => Modules.Sum(module => module.Parameters);

    /// <summary>Bytes of all its matrices as its file stores them; 0 of one that is trained.</summary>
    internal long ByteLength => file?.ByteLength ?? 0;

    /// <summary>Whether image tokens depend on it: it adds to the vision tower or the projector.</summary>
    internal bool ChangesImages => Modules.Any(module => !module.Name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal));

    /// <summary>Loads an adapter.</summary>
    /// <param name="name">What requests call it.</param>
    /// <param name="file">The open adapter, which fits the model; taken over where this succeeds.</param>
    /// <param name="backend">Where its matrices go.</param>
    /// <returns>The adapter.</returns>
    internal static Adapter Load(string name, AdapterFile file, IComputeBackend backend) => new(name, file, backend);

    /// <summary>What it adds to a layer, or null where it adds nothing.</summary>
    /// <param name="weight">The canonical name of the layer's weight.</param>
    internal LowRank? Find(string weight) => layers.GetValueOrDefault(weight);

    /// <summary>Name, layers and parameters.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Name}: {Modules.Count} layers, {Parameters} parameters";

    /// <summary>Frees its matrices.</summary>
    public void Dispose()
    {
        foreach (LowRank layer in layers.Values)
        {
            layer.A.Dispose();
            layer.B.Dispose();
        }

        layers.Clear();
        file?.Dispose();
    }

    private static (Weight A, Weight B) Load(AdapterFile file, AdaptedModule module, IComputeBackend backend)
    {
        (WeightData a, WeightData b) = file.Weights(module);
        Weight first = backend.LoadWeight(a);
        try
        {
            return (first, backend.LoadWeight(b));
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }
}
