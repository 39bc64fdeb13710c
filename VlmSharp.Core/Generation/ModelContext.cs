using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>What the sessions of one model share: the network, the tokenizer, image tokens, and the turns on the backend.</summary>
internal sealed class ModelContext
{
    private readonly ModelContext? origin; // whose parameters the network has, where it is a variant
    private bool isDisposed;

    /// <summary>Begins with nothing shared yet.</summary>
    /// <param name="network">The network.</param>
    /// <param name="tokenizer">The tokenizer, or null.</param>
    public ModelContext(PaliGemmaModel network, ITokenizer? tokenizer)
    {
        (Network, Tokenizer, Gate) = (network, tokenizer, new Lock());
        Features = new ImageFeatureCache(Gate);
    }

    private ModelContext(ModelContext origin, PaliGemmaModel network)
    {
        (this.origin, Network, Tokenizer, Name) = (origin, network, origin.Tokenizer, origin.Name);
        (Gate, Features) = (origin.Gate, origin.Features);
    }

    /// <summary>
    /// The same with the network's operators run by another backend (<see cref="PaliGemmaModel.On"/>). It takes its turns with the
    /// others, and has their image tokens: the backend must leave the encoder's numbers as they are.
    /// </summary>
    /// <param name="backend">Hands on to the network's backend.</param>
    public ModelContext On(IComputeBackend backend) => new(this, Network.On(backend));

    /// <summary>What the model is called.</summary>
    public string Name { get; init; } = "";

    /// <summary>The network.</summary>
    public PaliGemmaModel Network { get; }

    /// <summary>The tokenizer, or null where the folder has none.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>Held by whoever uses the backend, for a step: it runs one at a time.</summary>
    public Lock Gate { get; }

    /// <summary>Image tokens of the pictures seen last, under <see cref="Gate"/>.</summary>
    public ImageFeatureCache Features { get; }

    /// <summary>Whether the parameters are gone; what still ran on them would read memory that is not theirs.</summary>
    public bool IsDisposed
    {
        get => origin?.IsDisposed ?? isDisposed;
        set => isDisposed = value;
    }

    /// <summary>Refuses to go on with a model that is gone. Under <see cref="Gate"/>.</summary>
    public void ThrowIfDisposed()
    {
        if (IsDisposed) throw new ObjectDisposedException(nameof(VisionLanguageModel), "The model was disposed of while it generated.");
    }
}
