using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>What the sessions of one model share: the network, the tokenizer, the image tokens, and the lock on the backend.</summary>
internal sealed class ModelContext
{
    private readonly ModelContext? origin; // the context whose parameters the network uses, if it is a variant
    private bool isDisposed;

    /// <summary>Creates the context of a model.</summary>
    /// <param name="network">The network that all sessions of the model run.</param>
    /// <param name="tokenizer">The tokenizer, or null.</param>
    public ModelContext(PaliGemmaModel network, ITokenizer? tokenizer)
    {
        (Network, Tokenizer, Gate) = (network, tokenizer, new Lock());
        Features = new ImageFeatureCache(Gate);
    }

    private ModelContext(ModelContext origin, PaliGemmaModel network)
    {
        (this.origin, Network, Tokenizer, Name) = (origin, network, origin.Tokenizer, origin.Name);
        (Gate, Features, RequireUnchanged) = (origin.Gate, origin.Features, origin.RequireUnchanged);
    }

    /// <summary>
    /// The same context, but another backend runs the network's operators (<see cref="PaliGemmaModel.On"/>). It shares the lock and the
    /// image tokens, so the backend must not change the encoder's numbers.
    /// </summary>
    /// <param name="backend">A backend that delegates to the network's backend.</param>
    public ModelContext On(IComputeBackend backend) => new(this, Network.On(backend));

    /// <summary>The model's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// Throws a <see cref="ModelFormatException"/> if a file of the model or of an adapter was written to since it was opened; or null.
    /// </summary>
    public Action? RequireUnchanged { get; init; }

    /// <summary>The network that all sessions of the model share.</summary>
    public PaliGemmaModel Network { get; }

    /// <summary>The tokenizer, or null if the folder has none.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>The lock on the backend, which runs one step at a time. Whoever uses the backend holds it for a step.</summary>
    public Lock Gate { get; }

    /// <summary>Image tokens of the most recent pictures, protected by <see cref="Gate"/>.</summary>
    public ImageFeatureCache Features { get; }

    /// <summary>Whether the parameters have been freed. A step that used them afterwards would read memory that is not theirs.</summary>
    public bool IsDisposed
    {
        get => origin?.IsDisposed ?? isDisposed;
        set => isDisposed = value;
    }

    /// <summary>Throws if the model was disposed of. The caller holds <see cref="Gate"/>.</summary>
    public void ThrowIfDisposed()
    {
        if (IsDisposed) throw new ObjectDisposedException(nameof(VisionLanguageModel), "The model was disposed of while it generated.");
    }
}
