using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Compute.Sampling;
using VlmSharp.Models;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>An adapter whose matrices are trained, new or continued (LoRA; Hu et al. 2022, section 4.1).</summary>
internal sealed class TrainedAdapter : IDisposable
{
    private readonly List<Parameter> parameters = [];

    private readonly AdapterNaming naming;

    private TrainedAdapter(
        IComputeBackend backend, AdapterConfig config, IReadOnlyList<AdaptedModule> modules, AdapterNaming naming,
        Func<AdaptedModule, Halves> begin)
    {
        this.naming = naming;
        Adapter = new Adapter("trained", config, modules, module =>
        {
            Halves h = begin(module);
            return (Add(h.NameA, module.Rank, module.Inputs, h.A), Add(h.NameB, module.Outputs, module.Rank, h.B));
        });

        Weight Add(string stored, int rows, int columns, float[] values)
        {
            var parameter = Parameter.Create(backend, stored, rows, columns, values);
            parameters.Add(parameter);
            return parameter.Weight;
        }
    }

    /// <summary>The adapter, for the backend that adds its products.</summary>
    public Adapter Adapter { get; }

    /// <summary>A and B of each layer, in the order of the computation, under their names in the file.</summary>
    public IReadOnlyList<Parameter> Parameters => parameters;

    /// <summary>
    /// Creates an adapter that changes nothing yet: B is 0, and A is uniform in +-1/sqrt(in), as in PEFT's default.
    /// </summary>
    /// <param name="backend">Where it is trained.</param>
    /// <param name="model">The configuration of the base model.</param>
    /// <param name="config">The adapted layers and the rank.</param>
    /// <param name="seed">Two adapters with one seed are equal.</param>
    /// <exception cref="RequestException">The configuration names no layer.</exception>
    public static TrainedAdapter Begin(IComputeBackend backend, PaliGemmaConfig model, AdapterConfig config, long seed)
    {
        IReadOnlyList<AdaptedModule> modules = AdapterTargets.Select(config, model);
        if (modules.FirstOrDefault(m => m.Rank > AdapterConfig.MostRank) is { } wide)
            throw new RequestException($"{wide.Name} would get rank {wide.Rank}; the largest is {AdapterConfig.MostRank}.");
        long drawn = 0; // each number of each A has a place in one stream
        return new TrainedAdapter(backend, config, modules, AdapterNaming.Historic, module =>
        {
            float[] a = new float[module.Rank * module.Inputs];
            double bound = 1 / Math.Sqrt(module.Inputs);
            for (int i = 0; i < a.Length; i++) a[i] = (float)(bound * (2 * CounterRandom.Uniform(seed, drawn++) - 1));
            return new Halves(NameOf(module, "lora_A"), a, NameOf(module, "lora_B"), new float[module.Outputs * module.Rank]);
        });
    }

    /// <summary>Loads an adapter from a folder to continue its training.</summary>
    /// <param name="backend">Where it is trained.</param>
    /// <param name="model">The configuration of the base model.</param>
    /// <param name="directory">The folder, in PEFT's layout.</param>
    /// <exception cref="ModelFormatException">It is not the folder of an adapter, or does not fit the model.</exception>
    public static TrainedAdapter Continue(IComputeBackend backend, PaliGemmaConfig model, string directory)
    {
        using AdapterFile file = AdapterFile.Open(directory);
        file.RequireFit(model);
        return new TrainedAdapter(backend, file.Config, file.Modules, file.Naming, module =>
        {
            (WeightData a, WeightData b) = file.Weights(module);
            (string nameA, string nameB) = file.StoredNames(module);
            return new Halves(nameA, Widen(a), nameB, Widen(b));
        });
    }

    /// <summary>Writes the adapter's folder.</summary>
    public void Save(string directory)
    {
        var layers = Adapter.Modules.Select((module, i) => new LowRankValues(module, Read(parameters[2 * i]), Read(parameters[2 * i + 1])));
        AdapterWriter.Write(directory, Adapter.Config, layers, naming);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Parameter parameter in parameters) parameter.Dispose(); // the adapter's weights are theirs
        parameters.Clear();
    }

    private static string NameOf(AdaptedModule module, string half) => AdapterWriter.NameOf(module.Name, half, AdapterNaming.Historic);

    private static float[] Read(Parameter parameter)
    {
        float[] values = new float[parameter.Length];
        parameter.Read(values);
        return values;
    }

    private static float[] Widen(WeightData data)
    {
        float[] values = new float[checked(data.Rows * data.Columns)];
        for (int row = 0; row < data.Rows; row++) data.Widen(row, values.AsSpan(row * data.Columns, data.Columns));
        return values;
    }

    private sealed record Halves(string NameA, float[] A, string NameB, float[] B);
}
