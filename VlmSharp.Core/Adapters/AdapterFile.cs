using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Adapters;

/// <summary>
/// An open folder of a PEFT adapter: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Tensor names may
/// come from any version of PEFT and transformers:
/// <code>
/// base_model.model.language_model.model.layers.0.mlp.up_proj.lora_A.weight
/// base_model.model.model.language_model.layers.0.mlp.up_proj.lora_A.weight
/// base_model.model.model.language_model.layers.0.mlp.up_proj.lora_A.default.weight
/// </code>
/// </summary>
public sealed class AdapterFile : IDisposable
{
    /// <summary>The name of the file that holds the matrices.</summary>
    public const string TensorsName = "adapter_model.safetensors";

    private const int Shown = 4;

    private readonly SafetensorsFile file;
    private readonly Dictionary<string, (SafetensorsEntry A, SafetensorsEntry B)> pairs;
    private readonly List<byte[]> copies = []; // the matrices that were handed out

    private AdapterFile(string directory, AdapterConfig config, SafetensorsFile file)
    {
        (Directory, Config, this.file) = (directory, config, file);
        pairs = Pairs(file);
        Modules = ReadModules();
    }

    /// <summary>The folder as given.</summary>
    public string Directory { get; }

    /// <summary>Its configuration.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The linear layers that it has matrices for, sorted by name.</summary>
    public IReadOnlyList<AdaptedModule> Modules { get; }

    /// <summary>Numbers in all its matrices.</summary>
    public long Parameters => Modules.Sum(module => module.Parameters);

    /// <summary>Bytes of all its matrices as they are stored.</summary>
    internal long ByteLength => pairs.Values.Sum(p => p.A.ByteLength + p.B.ByteLength);

    /// <summary>The storage formats of its matrices.</summary>
    public IReadOnlyList<DType> Formats => [.. pairs.Values.SelectMany(p => new[] { FormatOf(p.A), FormatOf(p.B) }).Distinct().Order()];

    /// <summary>Identifies an adapter by a SHA-256 hash of its two files.</summary>
    /// <param name="directory">The folder of an adapter.</param>
    /// <returns>64 hexadecimal digits, the same wherever the folder is.</returns>
    /// <exception cref="ModelFormatException">It is not the folder of an adapter.</exception>
    public static string Fingerprint(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        RequireFiles(directory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in (string[])[AdapterConfig.FileName, TensorsName])
        {
            using FileStream stream = File.OpenRead(Path.Combine(directory, name));
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Opens an adapter's folder and checks everything that can be checked without the model.</summary>
    /// <param name="directory">Holds <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <returns>The open adapter.</returns>
    /// <exception cref="ModelFormatException">The folder is not an adapter's, is damaged, or asks for something VlmSharp cannot
    /// compute.</exception>
    public static AdapterFile Open(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        RequireFiles(directory);
        AdapterConfig config = AdapterConfig.Read(directory);
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, TensorsName));
        try
        {
            return new AdapterFile(directory, config, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Checks the adapter against a model: it must have matrices of the right size for every layer that its configuration selects, and for
    /// no other layer. (PEFT silently skips layers that it does not find.)
    /// </summary>
    /// <param name="model">The configuration of the base model.</param>
    /// <exception cref="ModelFormatException">The adapter does not fit. The message names one such layer and says how many there
    /// are.</exception>
    public void RequireFit(PaliGemmaConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Dictionary<string, AdaptedModule> selected = Selected(model).ToDictionary(m => m.Name, StringComparer.Ordinal);
        IReadOnlyList<string> unmatched = Unmatched(model);
        string[] faults =
        [
            .. Modules.Where(m => selected.TryGetValue(m.Name, out AdaptedModule? s) && s != m)
                .Select(m => $"its {m.Name} maps {m.Inputs} to {m.Outputs}, "
                    + $"and the model's {selected[m.Name].Inputs} to {selected[m.Name].Outputs}"),
            .. unmatched.Select(name => $"it has matrices for {name}, a layer that the model does not have"),
            .. selected.Keys.Where(name => !pairs.ContainsKey(name))
                .Select(name => $"it has no matrices for {name}, a layer that its target_modules selects"),
            .. Modules.Where(m => !unmatched.Contains(m.Name) && !selected.ContainsKey(m.Name))
                .Select(m => $"it has matrices for {m.Name}, a layer that its target_modules does not select"),
        ];
        if (faults.Length == 0) return;
        throw new ModelFormatException($"The adapter in {Directory} does not fit the model: "
            + $"{faults[0]}{(faults.Length > 1 ? $" ({faults.Length} layers in all)" : "")}.");
    }

    /// <summary>The layers that it has matrices for but a model does not have.</summary>
    /// <param name="model">The configuration of the base model.</param>
    /// <returns>Their names.</returns>
    public IReadOnlyList<string> Unmatched(PaliGemmaConfig model)
    {
        HashSet<string> known = [.. AdapterTargets.LinearLayers(model).Select(l => l.Name)];
        return [.. Modules.Select(m => m.Name).Where(name => !known.Contains(name))];
    }

    /// <summary>A and B of a layer, for a backend to load; valid while this object is reachable.</summary>
    /// <param name="module">One of <see cref="Modules"/>.</param>
    /// <returns>A [rank, in] and B [out, rank].</returns>
    internal (WeightData A, WeightData B) Weights(AdaptedModule module)
    {
        (SafetensorsEntry a, SafetensorsEntry b) = pairs[module.Name];
        return (Data(a, $"{module.Name}.lora_A.weight"), Data(b, $"{module.Name}.lora_B.weight"));
    }

    /// <summary>The naming of its tensors.</summary>
    internal AdapterNaming Naming =>
        Modules.All(m => StoredNames(m).A.StartsWith(ModuleNames.Prefix + "model.", StringComparison.Ordinal))
            ? AdapterNaming.Recent
            : AdapterNaming.Historic;

    /// <summary>The names of a layer's tensors in the file.</summary>
    /// <param name="module">One of <see cref="Modules"/>.</param>
    /// <returns>The names of A and B.</returns>
    internal (string A, string B) StoredNames(AdaptedModule module)
    {
        (SafetensorsEntry a, SafetensorsEntry b) = pairs[module.Name];
        return (a.Name, b.Name);
    }

    /// <summary>Throws if the file was written to since it was opened.</summary>
    /// <exception cref="ModelFormatException">It was.</exception>
    internal void RequireUnchanged() => file.RequireUnchanged();

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => file.Dispose();

    // A copy, which is small beside the model: a mapped file that is cut while the adapter is in use would end the process.
    private WeightData Data(SafetensorsEntry entry, string name)
    {
        if (entry.ByteLength > Array.MaxLength) throw new ModelFormatException($"{file.Path} holds {entry}, more than adapters have.");
        byte[] copy = GC.AllocateUninitializedArray<byte>((int)entry.ByteLength, pinned: true);
        Marshal.Copy(file.DataPointer(entry), copy, 0, copy.Length);
        copies.Add(copy);
        nint place = Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0);
        return new(name, FormatOf(entry), (int)entry.Shape[0], (int)entry.Shape[1], place, this);
    }

    private IReadOnlyList<AdaptedModule> Selected(PaliGemmaConfig model)
    {
        try
        {
            return AdapterTargets.Select(Config, model);
        }
        catch (RequestException e)
        {
            throw new ModelFormatException($"The adapter in {Directory} does not fit the model. {e.Message}", e);
        }
    }

    /// <summary>The layers with their ranks. A rank that differs from the configuration's is an error.</summary>
    private AdaptedModule[] ReadModules()
    {
        var matcher = new NameMatcher();
        try
        {
            return
            [
                .. pairs.Select(pair => Module(pair.Key, pair.Value.A, pair.Value.B, matcher))
                    .OrderBy(m => Order(m.Name), StringComparer.Ordinal),
            ];
        }
        catch (RequestException e)
        {
            throw new ModelFormatException($"{Path.Combine(Directory, AdapterConfig.FileName)}: {e.Message}", e);
        }
    }

    /// <summary>A sort key that puts layer 10 after layer 9.</summary>
    private static string Order(string name) =>
        string.Join('.', name.Split('.').Select(part => char.IsAsciiDigit(part.FirstOrDefault()) ? part.PadLeft(9, '0') : part));

    private AdaptedModule Module(string name, SafetensorsEntry a, SafetensorsEntry b, NameMatcher matcher)
    {
        ImmutableArray<long> shapeA = a.Shape, shapeB = b.Shape;
        if (shapeA.Length != 2 || shapeB.Length != 2 || shapeA[0] != shapeB[1]
            || shapeA[1] > int.MaxValue || shapeB[0] > int.MaxValue || a.Elements == 0 || b.Elements == 0)
            throw new ModelFormatException($"{file.Path}: the matrices of {name} are {MessageText.Shape(shapeA.Take(8))} "
                + $"and {MessageText.Shape(shapeB.Take(8))}, not [rank, in] and [out, rank].");
        AdaptedModule module = AdapterTargets.Module(Config, name, (int)shapeA[1], (int)shapeB[0], matcher);
        return module.Rank == shapeA[0]
            ? module
            : throw new ModelFormatException($"{file.Path}: the matrices of {name} have rank {shapeA[0]}, "
                + $"and {AdapterConfig.FileName} gives it rank {module.Rank}; the two files are of different adapters.");
    }

    private static Dictionary<string, (SafetensorsEntry A, SafetensorsEntry B)> Pairs(SafetensorsFile file)
    {
        var halves = (
            A: new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal),
            B: new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal));
        List<string> unknown = [], repeated = [];
        foreach (SafetensorsEntry entry in file.Entries.Values)
        {
            if (Parse(entry.Name) is not { } key) unknown.Add(MessageText.Quote(entry.Name));
            else if (!(key.IsA ? halves.A : halves.B).TryAdd(key.Module, entry)) repeated.Add(MessageText.Quote(entry.Name));
            else if (entry.Type.AsDType() is not (DType.F32 or DType.BF16 or DType.F16))
                throw new ModelFormatException($"{file.Path} holds {entry}, where F32, BF16 or F16 belongs.");
        }

        string[] single =
            [.. halves.A.Keys.Concat(halves.B.Keys).Where(name => !halves.A.ContainsKey(name) || !halves.B.ContainsKey(name))];
        if (unknown.Count > 0)
            throw new ModelFormatException($"{file.Path} holds {unknown.Count} tensors that are no lora_A or lora_B of a linear layer: "
                + $"{MessageText.List(unknown, Shown)}; such an adapter can be merged with PEFT.");
        if (repeated.Count > 0)
            throw new ModelFormatException($"{file.Path} holds {repeated.Count} matrices twice, in two namings or of two adapters: "
                + $"{MessageText.List(repeated, Shown)}.");
        if (single.Length > 0)
            throw new ModelFormatException($"{file.Path} holds one matrix of a pair and lacks the other for {single.Length} layers: "
                + $"{MessageText.List([.. single.Select(MessageText.Quote)], Shown)}.");
        if (halves.A.Count == 0) throw new ModelFormatException($"{file.Path} holds no tensors.");
        return halves.A.ToDictionary(a => a.Key, a => (a.Value, halves.B[a.Key]), StringComparer.Ordinal);
    }

    /// <summary>The canonical name of a tensor's layer and whether the tensor is A; null if it is neither A nor B.</summary>
    private static (string Module, bool IsA)? Parse(string name)
    {
        string[] parts = name.Split('.');
        // The name ends in lora_A.weight, or has the adapter's own name between these two parts.
        int at = parts is [.., var half, "weight"] && IsHalf(half) ? parts.Length - 2
            : parts is [.., var named, _, "weight"] && IsHalf(named) ? parts.Length - 3
            : -1;
        if (at < 1) return null;
        string module = string.Join('.', parts[..at]);
        if (module.StartsWith(ModuleNames.Prefix, StringComparison.Ordinal)) module = module[ModuleNames.Prefix.Length..];
        return (TensorNames.Normalize(module), parts[at] == "lora_A");

        static bool IsHalf(string part) => part is "lora_A" or "lora_B";
    }

    private static DType FormatOf(SafetensorsEntry entry) => entry.Type.AsDType()!.Value;

    private static void RequireFiles(string directory)
    {
        CheckpointFolder.RequireFolder(
            directory, "an adapter", $"a file; give the folder of the adapter, with {AdapterConfig.FileName} and {TensorsName} in it");
        if (!File.Exists(Path.Combine(directory, AdapterConfig.FileName)))
        {
            // PEFT saves an adapter that is not named "default" in a folder inside the given one.
            string? inner = System.IO.Directory.EnumerateDirectories(directory)
                .Order(StringComparer.Ordinal)
                .FirstOrDefault(d => File.Exists(Path.Combine(d, AdapterConfig.FileName)));
            string hint = inner is not null ? $"; the folder {inner} in it has one: give that folder"
                : File.Exists(Path.Combine(directory, CheckpointFolder.ConfigName))
                    ? "; it holds a model, which needs no adapter: give it as the model"
                : "; it is not the folder of an adapter";
            throw new ModelFormatException($"{directory} has no {AdapterConfig.FileName}{hint}.");
        }

        if (File.Exists(Path.Combine(directory, TensorsName))) return;
        throw new ModelFormatException(File.Exists(Path.Combine(directory, "adapter_model.bin"))
            ? $"{directory} holds adapter_model.bin, a pickle, which can run code when read and is not read here: "
                + "save the adapter with safe_serialization=True."
            : $"{directory} has no {TensorsName}; the adapter was copied without it.");
    }
}
