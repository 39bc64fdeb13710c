using VlmSharp.Checkpoints;
using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>An adapter whose matrices are on a backend, next to the model that it adapts.</summary>
public sealed class Adapter : IDisposable
{
    private readonly Dictionary<string, LowRank> layers; // by the canonical name of the layer's weight
    private readonly AdapterFile? file;

    /// <summary>
    /// Makes an adapter of matrices that are already on a backend, such as one in training. It owns the matrices from then on.
    /// </summary>
    /// <param name="name">What requests call it.</param>
    /// <param name="config">Rank, alpha and the pattern of its layers, as PEFT writes them.</param>
    /// <param name="modules">Its layers; <paramref name="load"/> is called once for each.</param>
    /// <param name="load">Returns the matrices of a layer.</param>
    internal Adapter(
        string name, AdapterConfig config, IReadOnlyList<AdaptedModule> modules, Func<AdaptedModule, (Weight A, Weight B)> load)
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

    /// <summary>The name by which requests select it.</summary>
    public string Name { get; }

    /// <summary>Its configuration.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The layers that it adds to.</summary>
    public IReadOnlyList<AdaptedModule> Modules { get; }

    /// <summary>Numbers in all its matrices.</summary>
    public long Parameters => Modules.Sum(module => module.Parameters);

    /// <summary>Bytes of all its matrices as its file stores them; 0 for an adapter in training.</summary>
    internal long ByteLength => file?.ByteLength ?? 0;

    /// <summary>Whether it adds to the vision tower or the projector, so that image tokens depend on it.</summary>
    internal bool ChangesImages => Modules.Any(module => !module.Name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal));

    /// <summary>Loads an adapter.</summary>
    /// <param name="name">The name by which requests select it.</param>
    /// <param name="file">The open adapter, which fits the model. On success the result owns it.</param>
    /// <param name="backend">The backend that takes its matrices.</param>
    /// <returns>The adapter.</returns>
    internal static Adapter Load(string name, AdapterFile file, IComputeBackend backend) => new(name, file, backend);

    /// <summary>The matrices that it adds to a layer, or null if it adds nothing.</summary>
    /// <param name="weight">The canonical name of the layer's weight.</param>
    internal LowRank? Find(string weight) => layers.GetValueOrDefault(weight);

    /// <summary>Throws if its file was written to since it was opened.</summary>
    /// <exception cref="ModelFormatException">It was.</exception>
    internal void RequireUnchanged() => file?.RequireUnchanged();

    /// <summary>Identifies its contents, like <see cref="AdapterFile.Fingerprint"/>; reads its two files.</summary>
    /// <returns>64 hexadecimal digits; null for an adapter in training.</returns>
    /// <exception cref="ModelFormatException">The folder is no longer that of an adapter.</exception>
    public string? Fingerprint() => file is null ? null : AdapterFile.Fingerprint(file.Directory);

    /// <summary>Name, layers and parameters.</summary>
    /// <returns>For instance <c>maps: 126 layers, 11298816 parameters</c>.</returns>
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
