using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Quantization;

namespace VlmSharp.Models;

/// <summary>
/// PaliGemma (Beyer et al. 2024; Steiner et al. 2024): a SigLIP encoder whose patch vectors, through one linear projector,
/// stand as tokens before the text in a Gemma decoder with a bidirectional prefix. Written once, above any backend.
/// </summary>
/// <remarks>
/// The model holds parameters and nothing of a conversation: caches belong to the caller, and one model serves any
/// number of sequences. Axes: n pictures, N image tokens a picture, T tokens of the step, h = hidden size, V = vocabulary.
/// </remarks>
public sealed class PaliGemmaModel : IDisposable
{
    private readonly IComputeBackend b;
    private readonly ModelOptions options;
    private readonly List<Weight> weights = [];
    private readonly List<QuantizedMatrix> quantized = [];
    private readonly SigLipEncoder vision;
    private readonly Affine projector;
    private readonly Weight embedding, head;
    private readonly GemmaDecoder decoder;

    /// <summary>Makes a checkpoint's parameters usable on a backend; on the CPU they stay where they are mapped.</summary>
    /// <param name="checkpoint">An open checkpoint, which must stay open as long as the model.</param>
    /// <param name="backend">Runs the operators; owned by the caller.</param>
    /// <param name="options">Quantization and compatibility switches, or null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between weights, and between the rows of one that is being quantized.</param>
    /// <exception cref="RequestException">The options quantize a model that cannot be quantized, such as one that is already.</exception>
    /// <exception cref="ModelFormatException">The options quantize a model that holds NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public PaliGemmaModel(Checkpoint checkpoint, IComputeBackend backend, ModelOptions? options = null, CancellationToken cancellationToken = default)
    {
        b = backend;
        this.options = options ?? new ModelOptions();
        if (this.options.Quantization is { } wanted) QuantizationPlan.Check(checkpoint, wanted);
        Config = checkpoint.Config;
        try
        {
            var root = new WeightScope(Load, "");
            vision = new SigLipEncoder(Config.Vision, root["vision_tower"]["vision_model"]);
            projector = root["multi_modal_projector"].Affine("linear"); // [h, d]
            embedding = root["language_model"]["model"].Weight("embed_tokens.weight"); // [V, h]
            head = checkpoint.HasSeparateHead ? root["language_model"].Weight("lm_head.weight") : embedding; // [V, h]
            decoder = new GemmaDecoder(Config.Text, this.options, root["language_model"]["model"]);
        }
        catch
        {
            Dispose();
            throw;
        }

        Weight Load(string name)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WeightData data = checkpoint.Weight(name);
            if (this.options.Quantization is { } asked && QuantizationPlan.FormatOf(name, data.Rows, data.Columns, asked) is { } format)
            {
                quantized.Add(QuantizedMatrix.From(checkpoint, name, format, b.Threads, cancellationToken));
                data = quantized[^1].Data;
            }

            Weight weight = b.LoadWeight(data);
            weights.Add(weight);
            return weight;
        }
    }

    /// <summary>Bytes of parameters that one decode step reads: every decoder layer and the head.</summary>
    public long DecodeBytes => weights.Where(w => w.Name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal) && (w != embedding || head == embedding)).Sum(w => w.ByteLength);

    /// <summary>Bytes of parameters that were quantized into memory of their own.</summary>
    public long QuantizedBytes => quantized.Sum(q => q.Data.ByteLength);

    /// <summary>The architecture.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>The compatibility switches.</summary>
    public ModelOptions Options => options;

    /// <summary>The backend that the parameters are on.</summary>
    public IComputeBackend Backend => b;

    /// <summary>Whether the parameters are gone; what still ran on them would read memory that is not theirs.</summary>
    internal bool IsDisposed { get; private set; }

    /// <summary>An empty cache that fits this model.</summary>
    /// <param name="capacity">Tokens.</param>
    /// <returns>The cache, owned by the caller.</returns>
    public KvCache CreateKvCache(int capacity) =>
        b.CreateKvCache(Config.Text.Layers, Config.Text.KvHeads * Config.Text.HeadDim, capacity);

    /// <summary>Pictures to image tokens: SigLIP, then the projector.</summary>
    /// <param name="pixels">[n, 3 * S * S], planes R, G, B in -1..1.</param>
    /// <param name="trace">Receives <c>vision.*</c> and <c>projector</c>, or null.</param>
    /// <returns>[n * N, h].</returns>
    public Matrix EncodeImages(Matrix pixels, ITraceSink? trace = null)
    {
        using Matrix patches = vision.Encode(b, pixels, trace); // [n * N, d]
        Matrix y = b.Linear(patches, projector.Weight, projector.Bias); // [n * N, h]
        trace?.Record("projector", y);
        return y;
    }

    /// <summary>
    /// What enters the decoder: text rows are embedding * sqrt(h); image rows stand as the projector gave them, unscaled.
    /// </summary>
    /// <param name="ids">T ids, image placeholders included.</param>
    /// <param name="imageRows">[m, h] from <see cref="EncodeImages"/>, or <c>default</c> for a step without pictures.</param>
    /// <param name="imagePositions">The m rows of the step where placeholders stand.</param>
    /// <returns>[T, h].</returns>
    public Matrix Embed(ReadOnlySpan<int> ids, Matrix imageRows = default, ReadOnlySpan<int> imagePositions = default)
    {
        Matrix text = b.Embed(embedding, ids, Config.EmbeddingScale); // [T, h]
        if (!imageRows.HasValue) return text;
        using (text) return b.ReplaceRows(text, imageRows, imagePositions); // [T, h]
    }

    /// <summary>Runs the decoder's blocks on a step, prefill and decode alike. Caches are appended to, and advanced at the end.</summary>
    /// <param name="input">[T, h] from <see cref="Embed"/>.</param>
    /// <param name="batch">Which rows belong to which sequence.</param>
    /// <param name="trace">Receives <c>text.layer.*</c>, or null.</param>
    /// <returns>[T, h], before the final norm.</returns>
    public Matrix Decode(Matrix input, SequenceBatch batch, ITraceSink? trace = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        trace?.Record("text.input", input);
        Matrix y = decoder.Decode(b, input, batch, trace);
        batch.Advance();
        return y;
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
    public Matrix Logits(Matrix hidden, ReadOnlySpan<int> ids)
    {
        using Matrix n = Normalize(hidden); // [n, h]
        return Cap(b.LinearRows(n, head, ids)); // [n, m]
    }

    private Matrix Cap(Matrix logits)
    {
        if (!options.FinalSoftCap || Config.Text.FinalSoftCap <= 0) return logits;
        using (logits) return b.SoftCap(logits, Config.Text.FinalSoftCap);
    }

    /// <summary>The final norm alone.</summary>
    /// <param name="hidden">[n, h] from <see cref="Decode"/>.</param>
    /// <returns>[n, h].</returns>
    public Matrix Normalize(Matrix hidden) => b.RmsNorm(hidden, decoder.FinalNorm, Config.Text.RmsNormEpsilon);

    /// <summary>Frees what the backend holds of the parameters.</summary>
    public void Dispose()
    {
        foreach (Weight weight in weights) weight.Dispose();
        weights.Clear();
        foreach (QuantizedMatrix matrix in quantized) matrix.Dispose();
        quantized.Clear();
        IsDisposed = true;
    }
}
