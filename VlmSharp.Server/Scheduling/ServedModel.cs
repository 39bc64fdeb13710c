using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Errors;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Server.Scheduling;

/// <summary>The model that answers, and the names that requests have for it and its adapters.</summary>
internal sealed class ServedModel
{
    private readonly ConcurrentDictionary<string, string> fingerprints = new(StringComparer.Ordinal); // by name of the model or adapter
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Takes a model that is open; the caller owns it.</summary>
    /// <param name="model">An open model with a tokenizer.</param>
    /// <param name="name">What requests call it without an adapter.</param>
    /// <exception cref="ModelFormatException">It has no tokenizer.</exception>
    /// <exception cref="ArgumentException">An adapter has the model's name.</exception>
    public ServedModel(VisionLanguageModel model, string name)
    {
        if (model.Tokenizer is null)
            throw new ModelFormatException(
                $"{model.Checkpoint.Directory} has no tokenizer.json or tokenizer.model, "
                + "and a server's requests are text: add one of them.");
        if (model.Adapters.Any(a => a.Name == name))
            throw new ArgumentException($"An adapter is called {name}, as the model is: give one of them another name.", nameof(name));
        (Model, Name) = (model, name);
        MaskDecoder? decoder = MaskDecoder.IsIn(model.Checkpoint.Directory) ? MaskDecoder.LoadFrom(model.Checkpoint.Directory) : null;
        Tasks = new TaskRunner(model, new TaskOptions { MaskDecoder = decoder });
        foreach (string each in Names) FingerprintOf(each); // files are read now, not while a client waits
    }

    /// <summary>The open model, with its tokenizer and adapters; the caller of the constructor owns it.</summary>
    public VisionLanguageModel Model { get; }

    /// <summary>Its tasks.</summary>
    public TaskRunner Tasks { get; }

    /// <summary>What requests call it without an adapter.</summary>
    public string Name { get; }

    /// <summary>Unix seconds of its loading.</summary>
    public long Created => created;

    /// <summary>Every name that a request may give: the model's, then the adapters'.</summary>
    public IEnumerable<string> Names => [Name, .. Model.Adapters.Select(a => a.Name)];

    /// <summary>Tokens that a picture takes in a prompt.</summary>
    public int TokensPerPicture => Model.Config.Vision.Patches;

    /// <summary>Bytes of a picture at the model's size.</summary>
    public long BytesPerPicture => 3L * Model.Preprocessor.Config.Size * Model.Preprocessor.Config.Size;

    /// <summary>Resolves a request's model name.</summary>
    /// <param name="name">The given name, or null for the default adapter or, without one, the model.</param>
    /// <returns>The full name, and the adapter for a <see cref="GenerationRequest"/>.</returns>
    /// <exception cref="ApiException">404: there is none.</exception>
    public (string Id, string Adapter) Find(string? name)
    {
        name ??= Model.DefaultAdapter ?? Name;
        if (name == Name) return (Name, VisionLanguageModel.BaseName);
        if (Model.Adapters.Any(a => a.Name == name)) return (name, name);
        throw new ApiException(
            404, "invalid_request_error", "model_not_found", "There is no such model here: GET /v1/models lists those there are.", "model");
    }

    /// <summary>
    /// OpenAI's system_fingerprint: version, backend, and 12 digits of a hash of the weights, the adapter and the options of the model. It
    /// does not cover the options of the backend, such as the width of its registers.
    /// </summary>
    /// <param name="id">One of <see cref="Names"/>.</param>
    public string FingerprintOf(string id) => fingerprints.GetOrAdd(id, name =>
    {
        string? adapter = Model.Adapters.FirstOrDefault(a => a.Name == name)?.Fingerprint();
        string all = $"{Model.Checkpoint.Fingerprint()} {adapter} {Model.Network.Options with { Name = null }}";
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..12];
        return $"vlmsharp-{typeof(ServedModel).Assembly.GetName().Version?.ToString(3)}-{Model.Backend.Name.ToLowerInvariant()}-{hash}";
    });

    /// <summary>Runs one token, so that the weights have been read before the first request comes.</summary>
    public void Warm(CancellationToken cancellationToken)
    {
        var black = new RgbImage(1, 1);
        Model.Generate(
            new GenerationRequest { Images = [black], Prompt = "caption en", Adapter = VisionLanguageModel.BaseName },
            new GenerationOptions { MaxNewTokens = 1 },
            cancellationToken);
    }
}
