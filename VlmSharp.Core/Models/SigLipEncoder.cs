using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Models;

/// <summary>
/// SigLIP's vision transformer (Zhai et al. 2023) without its pooling head: pixels to one vector per patch.
/// Pre-norm blocks (Dosovitskiy et al. 2021, eq. 2 and 3), bidirectional attention, learned absolute positions.
/// </summary>
/// <remarks>Axes: n pictures, N patches a picture, d = hidden size, f = MLP width.</remarks>
internal sealed class SigLipEncoder
{
    private readonly VisionConfig config;
    private readonly Affine patchEmbedding, postNorm;
    private readonly Weight positions;
    private readonly Layer[] layers;
    private readonly AttentionSpec attention;

    /// <summary>Declares the parameters.</summary>
    /// <param name="config">Layers, width, heads, and the sizes of picture and patch.</param>
    /// <param name="scope">The scope <c>vision_tower.vision_model</c>.</param>
    public SigLipEncoder(VisionConfig config, WeightScope scope)
    {
        this.config = config;
        patchEmbedding = scope["embeddings"].Affine("patch_embedding"); // [d, 3 * patch * patch]
        positions = scope["embeddings"].Weight("position_embedding.weight"); // [N, d]
        layers = new Layer[config.Layers];
        for (int i = 0; i < layers.Length; i++) layers[i] = new Layer(scope["encoder"]["layers"][i]);
        postNorm = scope.Affine("post_layernorm");
        attention = new AttentionSpec(config.Heads, config.Heads, config.HeadDim, config.AttentionScale);
    }

    /// <summary>Encodes pictures; each attends only to itself.</summary>
    /// <param name="b">Where the matrices are, and where the operators run.</param>
    /// <param name="pixels">[n, 3 * S * S], planes R, G, B in -1..1.</param>
    /// <param name="trace">Receives <c>vision.*</c>, or null.</param>
    /// <param name="adapter">The pictures' <see cref="SequenceSlice.Adapter"/>.</param>
    /// <returns>[n * N, d].</returns>
    public Matrix Encode(IComputeBackend b, Matrix pixels, ITraceSink? trace = null, object? adapter = null)
    {
        var batch = new SequenceBatch();
        for (int i = 0; i < pixels.Rows; i++) batch.Add(config.Patches, prefixLength: config.Patches, adapter);
        StepTable step = b.Prepare(batch);

        Matrix x = b.PatchEmbed(pixels, patchEmbedding.Weight, patchEmbedding.Bias, positions, config.PatchSize); // [n * N, d]
        trace?.Record("vision.embeddings", x);
        for (int i = 0; i < layers.Length; i++)
        {
            using Matrix input = x; // [n * N, d]
            x = b.Block(input, (Encoder: this, b, step, trace, Layer: i),
                static (x, s) => s.Encoder.RunLayer(s.b, x, s.step, s.trace, s.Layer)); // [n * N, d]
            trace?.Record($"vision.layer.{i}", x);
        }

        using Matrix last = x;
        Matrix y = b.LayerNorm(last, postNorm.Weight, postNorm.Bias, config.LayerNormEpsilon); // [n * N, d]
        trace?.Record("vision.post_norm", y);
        return y;
    }

    private Matrix RunLayer(IComputeBackend b, Matrix x, StepTable step, ITraceSink? trace, int layer)
    {
        using Matrix attended = Attend(b, layers[layer], x, step, trace, layer); // [n * N, d]
        return FeedForward(b, layers[layer], attended, trace, layer); // [n * N, d]
    }

    /// <summary>x + Out(Attention(LN1(x))).</summary>
    private Matrix Attend(IComputeBackend b, Layer w, Matrix x, StepTable step, ITraceSink? trace, int layer)
    {
        using Matrix n = b.LayerNorm(x, w.Norm1.Weight, w.Norm1.Bias, config.LayerNormEpsilon); // [n * N, d]
        using Matrix q = b.Linear(n, w.Query.Weight, w.Query.Bias); // [n * N, d] = [n * N, heads * headDim]
        using Matrix k = b.Linear(n, w.Key.Weight, w.Key.Bias);
        using Matrix v = b.Linear(n, w.Value.Weight, w.Value.Bias);
        using Matrix a = b.Attention(q, k, v, step, attention); // [n * N, d]
        trace?.RecordBranch(b, "vision", layer, "attention", a, w.Out.Weight, w.Out.Bias);
        return b.Linear(a, w.Out.Weight, w.Out.Bias, residual: x); // [n * N, d]
    }

    /// <summary>x + FC2(gelu(FC1(LN2(x)))).</summary>
    private Matrix FeedForward(IComputeBackend b, Layer w, Matrix x, ITraceSink? trace, int layer)
    {
        using Matrix n = b.LayerNorm(x, w.Norm2.Weight, w.Norm2.Bias, config.LayerNormEpsilon); // [n * N, d]
        using Matrix h = b.Linear(n, w.Up.Weight, w.Up.Bias, Activation.GeluTanh); // [n * N, f]
        trace?.RecordBranch(b, "vision", layer, "mlp", h, w.Down.Weight, w.Down.Bias);
        return b.Linear(h, w.Down.Weight, w.Down.Bias, residual: x); // [n * N, d]
    }

    private sealed class Layer(WeightScope scope)
    {
        public readonly Affine Norm1 = scope.Affine("layer_norm1"); // [d]
        public readonly Affine Query = scope["self_attn"].Affine("q_proj"); // [d, d]
        public readonly Affine Key = scope["self_attn"].Affine("k_proj");
        public readonly Affine Value = scope["self_attn"].Affine("v_proj");
        public readonly Affine Out = scope["self_attn"].Affine("out_proj");
        public readonly Affine Norm2 = scope.Affine("layer_norm2"); // [d]
        public readonly Affine Up = scope["mlp"].Affine("fc1"); // [f, d]
        public readonly Affine Down = scope["mlp"].Affine("fc2"); // [d, f]
    }
}
