using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>The adapters of a model, by name. May be read from several threads.</summary>
/// <param name="backend">Adds their products.</param>
internal sealed class LoadedAdapters(LowRankBackend backend) : IDisposable
{
    private Adapter[] all = []; // replaced as a whole, never changed in place
    private string? standard;

    /// <summary>The adapters, in the order in which they were loaded.</summary>
    public IReadOnlyList<Adapter> All => Volatile.Read(ref all);

    /// <summary>The adapter of requests that name none; null for none.</summary>
    /// <exception cref="RequestException">No adapter has that name.</exception>
    public string? Default
    {
        get => Volatile.Read(ref standard);
        set
        {
            _ = Find(value ?? VisionLanguageModel.BaseName);
            Volatile.Write(ref standard, value);
        }
    }

    /// <summary>The adapter that a request names.</summary>
    /// <param name="name">Its name, the name of the base model, or null for the default.</param>
    /// <returns>The adapter, or null for the model without an adapter.</returns>
    /// <exception cref="RequestException">No adapter has that name.</exception>
    public Adapter? Find(string? name)
    {
        name ??= Default ?? VisionLanguageModel.BaseName;
        if (name == VisionLanguageModel.BaseName) return null;
        return All.FirstOrDefault(adapter => adapter.Name == name) ?? throw new RequestException(All.Count == 0
            ? $"The request asks for the adapter {MessageText.Quote(name)}, and none is loaded."
            : $"The request asks for the adapter {MessageText.Quote(name)}; loaded are {string.Join(", ", All.Select(a => a.Name))}, " +
            $"and {VisionLanguageModel.BaseName} is the model without one.");
    }

    /// <summary>Loads an adapter's folder. Not allowed during a step.</summary>
    /// <param name="name">The name for requests.</param>
    /// <param name="directory">The adapter's folder, in PEFT's layout.</param>
    /// <param name="model">The model that it must fit.</param>
    /// <param name="check">Receives the file before its matrices are loaded, and may refuse it.</param>
    public Adapter Load(string name, string directory, PaliGemmaConfig model, Action<AdapterFile> check)
    {
        if (string.IsNullOrWhiteSpace(name) || name == VisionLanguageModel.BaseName || All.Any(a => a.Name == name))
            throw new ArgumentException(
                $"An adapter cannot be called '{name}': a name is one word that no other adapter has, " +
                $"and '{VisionLanguageModel.BaseName}' is the model without one.",
                nameof(name));
        AdapterFile file = AdapterFile.Open(directory);
        try
        {
            file.RequireFit(model);
            check(file);
            Adapter adapter = Adapter.Load(name, file, backend);
            backend.Add(adapter);
            Volatile.Write(ref all, [.. all, adapter]);
            return adapter;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (Adapter adapter in all) adapter.Dispose();
        backend.Dispose();
    }
}
