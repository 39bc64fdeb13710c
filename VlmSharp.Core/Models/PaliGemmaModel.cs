using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Models;

/// <summary>
/// PaliGemma (Beyer et al. 2024; Steiner et al. 2024): a SigLIP encoder, a linear projector and a Gemma decoder. The projected patch
/// vectors are tokens before the text, in a bidirectional prefix. The code is the same for every backend.
/// </summary>
/// <remarks>
/// The model holds only parameters: caches belong to the caller, and one model serves any number of sequences. Axes: n pictures, N image
/// tokens a picture, T tokens of the step, h = hidden size, V = vocabulary.
/// </remarks>
public sealed class PaliGemmaModel
{
    private readonly IComputeBackend b;
    private readonly SigLipEncoder vision;
    private readonly Affine projector;
    private readonly Weight embedding, head;
    private readonly GemmaDecoder decoder;

    /// <summary>Builds the network from parameters that the caller has loaded and will dispose of.</summary>
    /// <param name="config">The architecture. If <see cref="PaliGemmaConfig.TiesHead"/> is false, a separate head is loaded.</param>
    /// <param name="backend">Runs the operators; owned by the caller.</param>
    /// <param name="load">Returns the backend's parameter of a canonical name, such as <c>language_model.model.norm.weight</c>.</param>
    /// <param name="options">Compatibility switches, or null for the defaults.</param>
    public PaliGemmaModel(PaliGemmaConfig config, IComputeBackend backend, Func<string, Weight> load, ModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(load);
        b = backend;
        Config = config;
        Options = options ?? new ModelOptions();
        var root = new WeightScope(load, "");
        vision = new SigLipEncoder(config.Vision, root["vision_tower"]["vision_model"]);
        projector = root["multi_modal_projector"].Affine("linear"); // [h, d]
        WeightScope text = new WeightScope(Counted, "")["language_model"];
        embedding = root["language_model"]["model"].Weight("embed_tokens.weight"); // [V, h]
        head = config.TiesHead ? embedding : root["language_model"].Weight("lm_head.weight"); // [V, h]
        decoder = new GemmaDecoder(config.Text, Options, text["model"]);
        DecodeBytes += head.ByteLength;

        Weight Counted(string name)
        {
            Weight weight = load(name);
            DecodeBytes += weight.ByteLength;
            return weight;
        }
    }

    private PaliGemmaModel(PaliGemmaModel other, IComputeBackend backend)
    {
        (b, Config, Options, DecodeBytes) = (backend, other.Config, other.Options, other.DecodeBytes);
        (vision, projector, embedding, head, decoder) = (other.vision, other.projector, other.embedding, other.head, other.decoder);
    }

    /// <summary>The same network with the same parameters, on a backend that wraps this one's to observe or change the operators.</summary>
    /// <param name="backend">Wraps <see cref="Backend"/>, which has the parameters; owned by the caller.</param>
    internal PaliGemmaModel On(IComputeBackend backend) => new(this, backend);

    /// <summary>Bytes of parameters that one decode step reads: every decoder layer and the head.</summary>
    public long DecodeBytes { get; private set; }

    /// <summary>The sizes of the vision tower and the decoder, and the special token ids.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>The compatibility switches.</summary>
    public ModelOptions Options { get; }

    /// <summary>The backend that the parameters are on.</summary>
    public IComputeBackend Backend => b;

    /// <summary>An empty cache that fits this model.</summary>
    /// <param name="capacity">The most tokens that it can hold, pictures included.</param>
    /// <returns>The cache, owned by the caller.</returns>
    public KvCache CreateKvCache(int capacity) =>
        b.CreateKvCache(Config.Text.Layers, Config.Text.KvHeads * Config.Text.HeadDim, capacity);

    /// <summary>Pictures to image tokens: SigLIP, then the projector.</summary>
    /// <param name="pixels">[n, 3 * S * S], planes R, G, B in -1..1.</param>
    /// <param name="trace">Receives <c>vision.*</c> and <c>projector</c>, or null.</param>
    /// <param name="adapter">The <see cref="SequenceSlice.Adapter"/> of all the pictures.</param>
    /// <returns>[n * N, h].</returns>
    public Matrix EncodeImages(Matrix pixels, ITraceSink? trace = null, object? adapter = null)
    {
        using Matrix patches = vision.Encode(b, pixels, trace, adapter); // [n * N, d]
        Matrix y = b.Linear(patches, projector.Weight, projector.Bias); // [n * N, h]
        trace?.Record("projector", y);
        return y;
    }

    /// <summary>
    /// The decoder's input: text rows are embedding * sqrt(h); image rows are the projector's output, unscaled.
    /// </summary>
    /// <param name="ids">T ids, image placeholders included; negative ids refer to rows of <paramref name="choice"/>.</param>
    /// <param name="imageRows">[m, h] from <see cref="EncodeImages"/>, or <c>default</c> for a step without pictures.</param>
    /// <param name="imagePositions">The m rows of the step that have placeholders.</param>
    /// <param name="choice">The result of <see cref="Choose"/> in the step before, or <c>default</c> if all ids are known.</param>
    /// <returns>[T, h].</returns>
    public Matrix Embed(Indices ids, Matrix imageRows = default, Indices imagePositions = default, Matrix choice = default)
    {
        Matrix text = b.Embed(embedding, ids, Config.EmbeddingScale, choice); // [T, h]
        if (!imageRows.HasValue) return text;
        using (text) return b.ReplaceRows(text, imageRows, imagePositions); // [T, h]
    }

    /// <summary>
    /// Runs the decoder's blocks on a step, for prefill and decode alike, and appends to the caches. The caller ends the step with
    /// <see cref="SequenceBatch.Advance"/>, because a device that replays this method does not call it.
    /// </summary>
    /// <param name="input">[T, h] from <see cref="Embed"/>.</param>
    /// <param name="step">Which rows belong to which sequence, prepared by the backend.</param>
    /// <param name="trace">Receives <c>text.layer.*</c>, or null.</param>
    /// <returns>[T, h], before the final norm.</returns>
    public Matrix Decode(Matrix input, StepTable step, ITraceSink? trace = null)
    {
        ArgumentNullException.ThrowIfNull(step);
        trace?.Record("text.input", input);
        return decoder.Decode(b, input, step, trace);
    }

    /// <summary>The head: final norm, then the product with the embedding table (tied weights).</summary>
    /// <param name="hidden">[n, h]: the rows to score, from <see cref="Decode"/>.</param>
    /// <param name="trace">Receives <c>text.norm</c>, or null.</param>
    /// <returns>[n, V].</returns>
    public Matrix Logits(Matrix hidden, ITraceSink? trace = null)
    {
        using Matrix n = Normalize(hidden); // [n, h]
        trace?.Record("text.norm", n);
        return Cap(b.Linear(n, head)); // [n, V]
    }

    /// <summary>The head for some tokens only: these columns of <see cref="Logits(Matrix, ITraceSink?)"/>, bit for bit.</summary>
    /// <param name="hidden">[n, h]: the rows to score, from <see cref="Decode"/>.</param>
    /// <param name="ids">m tokens.</param>
    /// <returns>[n, m].</returns>
    public Matrix Logits(Matrix hidden, Indices ids)
    {
        using Matrix n = Normalize(hidden); // [n, h]
        return Cap(b.LinearRows(n, head, ids)); // [n, m]
    }

    /// <summary>
    /// The head and the loss together, for training: minus the log-probability of each row's next token. The scores of the whole vocabulary
    /// are never in memory at once.
    /// </summary>
    /// <param name="hidden">[n, h]: the rows in front of the targets, from <see cref="Decode"/>.</param>
    /// <param name="targets">n tokens.</param>
    /// <param name="smoothing">Label smoothing, at least 0 and below 1.</param>
    /// <returns>[n, 2]: the loss, and the logarithm of the softmax's denominator.</returns>
    public Matrix Losses(Matrix hidden, Indices targets, float smoothing = 0)
    {
        using Matrix n = Normalize(hidden); // [n, h]
        return b.CrossEntropy(n, head, targets, smoothing, FinalSoftCap); // [n, 2]
    }

    /// <summary>The soft-cap that applies to the logits, or 0.</summary>
    private float FinalSoftCap => Options.FinalSoftCap ? Config.Text.FinalSoftCap : 0;

    private Matrix Cap(Matrix logits)
    {
        if (FinalSoftCap <= 0) return logits;
        using (logits) return b.SoftCap(logits, FinalSoftCap);
    }

    /// <summary>Only the final norm.</summary>
    /// <param name="hidden">[n, h] from <see cref="Decode"/>.</param>
    /// <returns>[n, h].</returns>
    public Matrix Normalize(Matrix hidden) => b.RmsNorm(hidden, decoder.FinalNorm, Config.Text.RmsNormEpsilon);
}
