using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Models;

/// <summary>
/// Gemma's decoder (Gemma Team 2024): RMSNorm, rotary attention with grouped queries, GeGLU. One block serves Gemma 1 and
/// Gemma 2; what differs (norms after the branches, soft-caps, windows, query scale) is data in <see cref="TextConfig"/>.
/// </summary>
/// <remarks>Axes: T tokens of the step, h = hidden size, f = MLP width, H query heads, K key-value heads, D head size.</remarks>
internal sealed class GemmaDecoder
{
    private readonly TextConfig config;
    private readonly ModelOptions options;
    private readonly Layer[] layers;
    private readonly AttentionSpec[] attention; // per layer: they may differ in their window

    /// <summary>Declares the parameters.</summary>
    /// <param name="config">Sizes and switches.</param>
    /// <param name="options">Which runtime to follow where runtimes differ.</param>
    /// <param name="scope">The scope <c>language_model.model</c>.</param>
    public GemmaDecoder(TextConfig config, ModelOptions options, WeightScope scope)
    {
        this.config = config;
        this.options = options;
        layers = new Layer[config.Layers];
        attention = new AttentionSpec[config.Layers];
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i] = new Layer(scope["layers"][i], config.HasPostNorms);
            attention[i] = new AttentionSpec(config.Heads, config.KvHeads, config.HeadDim, config.QueryScale,
                SoftCap: options.AttentionSoftCap ? config.AttentionSoftCap : 0,
                Window: options.SlidingWindow && config.SlidingLayers[i] ? config.SlidingWindow : 0);
        }

        FinalNorm = scope.Weight("norm.weight");
    }

    /// <summary>Gain of the norm before the head, [h].</summary>
    public Weight FinalNorm { get; }

    /// <summary>Runs all blocks on the step's tokens. Sequences with a cache append their keys and values to it.</summary>
    /// <param name="b">Where the matrices are, and where the operators run.</param>
    /// <param name="input">[T, h]: scaled embeddings and image rows.</param>
    /// <param name="step">Which rows belong to which sequence, and which mask each has.</param>
    /// <param name="trace">Receives <c>text.layer.*</c>, and attention weights if there are caches and it asks for them; or null.</param>
    /// <returns>[T, h], before the final norm.</returns>
    public Matrix Decode(IComputeBackend b, Matrix input, StepTable step, ITraceSink? trace = null)
    {
        using Matrix angles = b.RotaryAngles(step, config.HeadDim, config.RopeBase, options.PositionBase); // [T, D]
        Matrix x = input.Retain(); // the caller keeps its own reference
        for (int i = 0; i < layers.Length; i++)
        {
            using Matrix before = x; // [T, h]
            x = b.Block(before, (Decoder: this, b, angles, step, trace, Layer: i),
                static (x, s) => s.Decoder.RunLayer(s.b, x, s.angles, s.step, s.trace, s.Layer)); // [T, h]
            trace?.Record($"text.layer.{i}", x);
        }

        return x;
    }

    private Matrix RunLayer(IComputeBackend b, Matrix x, Matrix angles, StepTable step, ITraceSink? trace, int layer)
    {
        using Matrix attended = Attend(b, layers[layer], x, angles, step, trace, layer); // [T, h]
        return FeedForward(b, layers[layer], attended, trace, layer); // [T, h]
    }

    /// <summary>x + PostNorm(O(Attention(Rope(Q(n)), Rope(K(n)), V(n)))) with n = Norm(x).</summary>
    private Matrix Attend(IComputeBackend b, Layer w, Matrix x, Matrix angles, StepTable step, ITraceSink? trace, int layer)
    {
        var (query, key, value) = b.QueryKeyValue(x, w.InputNorm, config.RmsNormEpsilon, w.Query, w.Key, w.Value, angles);
        using Matrix q = query, k = key, v = value; // [T, H * D], [T, K * D], [T, K * D]; q and k are rotated
        using Matrix a = AttendOver(b, q, k, v, step, trace, layer); // [T, H * D]
        return Join(b, a, w.Output, w.PostAttentionNorm, x, trace, layer, "attention"); // [T, h]
    }

    private Matrix AttendOver(IComputeBackend b, Matrix q, Matrix k, Matrix v, StepTable step, ITraceSink? trace, int layer)
    {
        if (!step.Batch.IsCached) return b.Attention(q, k, v, step, attention[layer]);
        b.AppendKeyValues(k, v, step, layer);
        trace?.RecordWeights(b, q, step, layer, attention[layer]);
        return b.CachedAttention(q, step, layer, attention[layer]);
    }

    /// <summary>x + PostNorm(Down(gelu(Gate(n)) * Up(n))) with n = Norm(x).</summary>
    private Matrix FeedForward(IComputeBackend b, Layer w, Matrix x, ITraceSink? trace, int layer)
    {
        using Matrix g = b.NormedGatedLinear(x, w.FeedForwardNorm, config.RmsNormEpsilon, w.Gate, w.Up); // [T, f]
        return Join(b, g, w.Down, w.PostFeedForwardNorm, x, trace, layer, "mlp"); // [T, h]
    }

    /// <summary>The end of a branch: residual + y W^T, or with Gemma 2's second norm residual + Norm(y W^T).</summary>
    private Matrix Join(
        IComputeBackend b, Matrix y, Weight output, Weight? postNorm, Matrix residual, ITraceSink? trace, int layer, string branch)
    {
        if (postNorm is null)
        {
            trace?.RecordBranch(b, "text", layer, branch, y, output);
            return b.Linear(y, output, residual: residual); // [T, h]
        }

        using Matrix projected = b.Linear(y, output); // [T, h]
        if (layer == 0) trace?.Record($"text.layer.0.{branch}", projected);
        return b.RmsNorm(projected, postNorm, config.RmsNormEpsilon, residual); // [T, h]
    }

    /// <summary>
    /// The parameters of a block. The name <c>post_attention_layernorm</c> means two things in the checkpoints: Gemma 1's
    /// norm before the MLP, and Gemma 2's norm on the output of the attention.
    /// </summary>
    private sealed class Layer(WeightScope scope, bool postNorms)
    {
        public readonly Weight InputNorm = scope.Weight("input_layernorm.weight"); // [h]
        public readonly Weight Query = scope["self_attn"].Weight("q_proj.weight"); // [H * D, h]
        public readonly Weight Key = scope["self_attn"].Weight("k_proj.weight"); // [K * D, h]
        public readonly Weight Value = scope["self_attn"].Weight("v_proj.weight"); // [K * D, h]
        public readonly Weight Output = scope["self_attn"].Weight("o_proj.weight"); // [h, H * D]
        public readonly Weight? PostAttentionNorm = postNorms ? scope.Weight("post_attention_layernorm.weight") : null; // [h]
        public readonly Weight FeedForwardNorm =
            scope.Weight(postNorms ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight"); // [h]
        public readonly Weight Gate = scope["mlp"].Weight("gate_proj.weight"); // [f, h]
        public readonly Weight Up = scope["mlp"].Weight("up_proj.weight"); // [f, h]
        public readonly Weight Down = scope["mlp"].Weight("down_proj.weight"); // [h, f]
        public readonly Weight? PostFeedForwardNorm = postNorms ? scope.Weight("post_feedforward_layernorm.weight") : null; // [h]
    }
}
