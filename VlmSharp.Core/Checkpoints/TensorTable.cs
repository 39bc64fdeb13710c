using System.Collections.Immutable;
using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>The part of the model that a tensor belongs to.</summary>
internal enum ModelPart
{
    /// <summary>SigLIP: picture to patch vectors.</summary>
    VisionTower,

    /// <summary>The linear map from patch vectors to decoder rows.</summary>
    Projector,

    /// <summary>Gemma: embedding table and decoder layers.</summary>
    Decoder,
}

/// <summary>A tensor that a model must have.</summary>
/// <param name="Name">Its canonical name.</param>
/// <param name="Shape">Its dimensions, row-major.</param>
/// <param name="Part">The part of the model it belongs to.</param>
internal sealed record TensorSpec(string Name, ImmutableArray<long> Shape, ModelPart Part)
{
    /// <summary>How many elements it has.</summary>
    public long Elements => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}

/// <summary>The number of parameters of each part of a model. A head that is the embedding table is counted once.</summary>
/// <param name="VisionTower">Parameters of the vision tower.</param>
/// <param name="Projector">Parameters of the projector.</param>
/// <param name="Decoder">Parameters of the decoder, embedding table included.</param>
public sealed record ParameterCounts(long VisionTower, long Projector, long Decoder)
{
    /// <summary>Parameters of the whole model.</summary>
    public long Total => VisionTower + Projector + Decoder;
}

/// <summary>
/// Every tensor of a model with its shape, as the configuration demands. Loader, writer and inspection read this
/// one table.
/// </summary>
internal static class TensorTable
{
    /// <summary>The tensors of a model in the order of the computation. The head is not among them: see <see cref="Head"/>.</summary>
    /// <param name="config">Gives the number and sizes of the layers.</param>
    /// <returns>Canonical names and shapes.</returns>
    public static IReadOnlyList<TensorSpec> For(PaliGemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var table = new List<TensorSpec>();
        AddVisionTower(new Scope(table, ModelPart.VisionTower, TensorNames.VisionTower + "vision_model"), config.Vision);
        new Scope(table, ModelPart.Projector, "multi_modal_projector")
            .AddLinear("linear", config.Text.HiddenSize, config.Vision.HiddenSize);
        AddDecoder(new Scope(table, ModelPart.Decoder, TensorNames.Decoder + "model"), config.Text);
        return table;
    }

    /// <summary>The output head, which a file may hold besides the table.</summary>
    /// <param name="config">Gives the vocabulary and the width.</param>
    /// <returns>Its canonical name and shape.</returns>
    public static TensorSpec Head(PaliGemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new TensorSpec(TensorNames.Head, [config.Text.VocabSize, config.Text.HiddenSize], ModelPart.Decoder);
    }

    /// <summary>Counts the parameters of a model with a tied head.</summary>
    /// <param name="config">Gives the number and sizes of the layers.</param>
    /// <returns>The totals of each part.</returns>
    public static ParameterCounts Count(PaliGemmaConfig config)
    {
        IReadOnlyList<TensorSpec> table = For(config);
        long Total(ModelPart part) => table.Where(spec => spec.Part == part).Sum(spec => spec.Elements);
        return new ParameterCounts(Total(ModelPart.VisionTower), Total(ModelPart.Projector), Total(ModelPart.Decoder));
    }

    private static void AddVisionTower(Scope tower, VisionConfig config)
    {
        int d = config.HiddenSize;
        Scope embeddings = tower.In("embeddings");
        embeddings.Add("patch_embedding.weight", d, 3, config.PatchSize, config.PatchSize);
        embeddings.Add("patch_embedding.bias", d);
        embeddings.Add("position_embedding.weight", config.Patches, d);
        for (int i = 0; i < config.Layers; i++)
        {
            Scope layer = tower.In($"encoder.layers.{i}");
            layer.AddLayerNorm("layer_norm1", d);
            foreach (string projection in (string[])["q_proj", "k_proj", "v_proj", "out_proj"])
                layer.AddLinear($"self_attn.{projection}", d, d);
            layer.AddLayerNorm("layer_norm2", d);
            layer.AddLinear("mlp.fc1", config.IntermediateSize, d);
            layer.AddLinear("mlp.fc2", d, config.IntermediateSize);
        }
        tower.AddLayerNorm("post_layernorm", d);
    }

    private static void AddDecoder(Scope decoder, TextConfig config)
    {
        int h = config.HiddenSize;
        int queries = config.Heads * config.HeadDim;
        int keys = config.KvHeads * config.HeadDim;
        decoder.Add("embed_tokens.weight", config.VocabSize, h);
        for (int i = 0; i < config.Layers; i++)
        {
            Scope layer = decoder.In($"layers.{i}");
            layer.Add("input_layernorm.weight", h);
            layer.Add("self_attn.q_proj.weight", queries, h);
            layer.Add("self_attn.k_proj.weight", keys, h);
            layer.Add("self_attn.v_proj.weight", keys, h);
            layer.Add("self_attn.o_proj.weight", h, queries);
            layer.Add("post_attention_layernorm.weight", h);
            if (config.HasPostNorms)
            {
                layer.Add("pre_feedforward_layernorm.weight", h);
                layer.Add("post_feedforward_layernorm.weight", h);
            }
            layer.Add("mlp.gate_proj.weight", config.IntermediateSize, h);
            layer.Add("mlp.up_proj.weight", config.IntermediateSize, h);
            layer.Add("mlp.down_proj.weight", h, config.IntermediateSize);
        }
        decoder.Add("norm.weight", h);
    }

    /// <summary>A place in the tree of names: the path in the code is the tensor's name.</summary>
    private sealed record Scope(List<TensorSpec> Table, ModelPart Part, string Path)
    {
        public Scope In(string name) => this with { Path = $"{Path}.{name}" };

        public void Add(string name, params ReadOnlySpan<long> shape) => Table.Add(new TensorSpec($"{Path}.{name}", [.. shape], Part));

        public void AddLinear(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", outputs, inputs);
            Add($"{name}.bias", outputs);
        }

        public void AddLayerNorm(string name, int width)
        {
            Add($"{name}.weight", width);
            Add($"{name}.bias", width);
        }
    }
}
