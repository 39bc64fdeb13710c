using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Models;

/// <summary>
/// PaliGemma (Beyer et al. 2024; Steiner et al. 2024): a SigLIP encoder whose patch vectors, through one linear projector,
/// stand as tokens before the text in a Gemma decoder with a bidirectional prefix. Written once, above any backend.
/// </summary>
/// <remarks>
/// The model holds parameters and nothing of a conversation: caches belong to the caller, and one model serves any
/// number of sequences. Axes: n pictures, N image tokens a picture, T tokens of the step, h = hidden size, V = vocabulary.
/// </remarks>
public sealed class PaliGemmaModel
{
    private readonly IComputeBackend b;
    private readonly SigLipEncoder vision;
    private readonly Affine projector;
    private readonly Weight embedding, head;
    private readonly GemmaDecoder decoder;

    /// <summary>Builds the network of parameters that somebody else has loaded, and will dispose of.</summary>
    /// <param name="config">The architecture. Where <see cref="PaliGemmaConfig.TiesHead"/> is false, a head of its own is asked for.</param>
    /// <param name="backend">Runs the operators; owned by the caller.</param>
    /// <param name="load">Gives the parameter of a canonical name, such as <c>language_model.model.norm.weight</c>, on that backend.</param>
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

    /// <summary>
    /// The same network, of the same parameters, with its operators run by another backend: one that stands before this one's and watches
    /// or changes what passes.
    /// </summary>
    /// <param name="backend">Hands on to <see cref="Backend"/>, which the parameters are on; owned by the caller.</param>
    internal PaliGemmaModel On(IComputeBackend backend) => new(this, backend);

    /// <summary>Bytes of parameters that one decode step reads: every decoder layer and the head.</summary>
    public long DecodeBytes { get; private set; }

    /// <summary>The architecture.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>The compatibility switches.</summary>
    public ModelOptions Options { get; }

    /// <summary>The backend that the parameters are on.</summary>
    public IComputeBackend Backend => b;

    /// <summary>An empty cache that fits this model.</summary>
    /// <param name="capacity">Tokens.</param>
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
    /// What enters the decoder: text rows are embedding * sqrt(h); image rows stand as the projector gave them, unscaled.
    /// </summary>
    /// <param name="ids">T ids, image placeholders included; below 0 they name rows of the choice.</param>
    /// <param name="imageRows">[m, h] from <see cref="EncodeImages"/>, or <c>default</c> for a step without pictures.</param>
    /// <param name="imagePositions">The m rows of the step where placeholders stand.</param>
    /// <param name="choice">What <see cref="Choose"/> gave in the step before, or <c>default</c> where the ids are known.</param>
    /// <returns>[T, h].</returns>
    public Matrix Embed(Indices ids, Matrix imageRows = default, Indices imagePositions = default, Matrix choice = default)
    {
        Matrix text = b.Embed(embedding, ids, Config.EmbeddingScale, choice); // [T, h]
        if (!imageRows.HasValue) return text;
        using (text) return b.ReplaceRows(text, imageRows, imagePositions); // [T, h]
    }

    /// <summary>Runs the decoder's blocks on a step, prefill and decode alike. Caches are appended to; the caller ends the step with
    /// <see cref="SequenceBatch.Advance"/>, which a device that replays this does not do.</summary>
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

    /// <summary>The head for some tokens alone: those columns of <see cref="Logits(Matrix, ITraceSink?)"/>, bit by bit.</summary>
    /// <param name="hidden">[n, h]: the rows to score, from <see cref="Decode"/>.</param>
    /// <param name="ids">m tokens.</param>
    /// <returns>[n, m].</returns>
    public Matrix Logits(Matrix hidden, Indices ids)
    {
        using Matrix n = Normalize(hidden); // [n, h]
        return Cap(b.LinearRows(n, head, ids)); // [n, m]
    }

    /// <summary>
    /// The head and the loss together, for training: minus the log-probability of each row's next token. The scores of the whole vocabulary are never
    /// in memory at once.
    /// </summary>
    /// <param name="hidden">[n, h]: the rows in front of the targets, from <see cref="Decode"/>.</param>
    /// <param name="targets">n tokens.</param>
    /// <param name="smoothing">Label smoothing, from 0 up to but not 1.</param>
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

    /// <summary>The final norm alone.</summary>
    /// <param name="hidden">[n, h] from <see cref="Decode"/>.</param>
    /// <returns>[n, h].</returns>
    public Matrix Normalize(Matrix hidden) => b.RmsNorm(hidden, decoder.FinalNorm, Config.Text.RmsNormEpsilon);
}
