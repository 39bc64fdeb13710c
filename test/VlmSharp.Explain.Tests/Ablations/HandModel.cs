using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Explain.Tests.Ablations;

/// <summary>What is changed in a <see cref="HandModel"/>.</summary>
internal sealed record HandChange
{
    public bool Causal { get; init; }

    public bool NoPicture { get; init; }

    public bool NoPositions { get; init; }

    public bool OpenGate { get; init; }

    public bool NoScale { get; init; }

    public bool NoAttentionCap { get; init; }

    public bool FinalCap { get; init; }

    public int? Layer { get; init; }

    public int? Head { get; init; }
}

/// <summary>
/// Gemma's decoder written anew with each change as an if: no cache, no fused operator, no wrapper, in the reference's plain loops.
/// The picture's rows come from a model that is whole.
/// </summary>
internal sealed class HandModel : IDisposable
{
    private readonly ReferenceBackend b = new();
    private readonly VisionLanguageModel whole;
    private readonly Dictionary<string, Weight> weights = [];
    private readonly TextConfig config;

    public HandModel(string folder)
    {
        whole = VisionLanguageModel.Open(folder, b);
        config = whole.Config.Text;
    }

    /// <summary>The scores in front of each token of an answer, [n, V].</summary>
    public float[] Scores(GenerationRequest request, int[] answer, HandChange change)
    {
        PreparedPrompt prompt = whole.Prepare(request);
        int[] ids = [.. prompt.Ids, .. answer[..^1]];
        var batch = new SequenceBatch();
        batch.Add(ids.Length, prefixLength: change.Causal ? 0 : prompt.Ids.Length);
        Matrix angles = b.RotaryAngles(b.Prepare(batch), config.HeadDim, config.RopeBase, positionBase: 1);
        Matrix x = Embed(prompt, ids, change);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            if (change.Layer == layer && change.Head is null) continue;
            x = Add(x, Attention(x, layer, angles, b.Prepare(batch), change), layer, "post_attention_layernorm");
            x = Add(x, FeedForward(x, layer, change), layer, "post_feedforward_layernorm");
        }

        Matrix before = b.SelectRows(x, [.. Enumerable.Range(prompt.Ids.Length - 1, answer.Length)]); // [n, h]
        Matrix logits = b.Linear(Norm(before, "norm"), W("embed_tokens")); // [n, V]
        return Download(change.FinalCap ? b.SoftCap(logits, config.FinalSoftCap) : logits);
    }

    /// <summary>The greedy answer, each token from the whole sequence so far.</summary>
    public int[] Answer(GenerationRequest request, int most, HandChange change)
    {
        var answer = new List<int>();
        do
        {
            float[] last = Scores(request, [.. answer, 0], change)[^config.VocabSize..];
            answer.Add(Array.IndexOf(last, last.Max()));
        }
        while (answer.Count < most && !whole.Config.EosTokenIds.Contains(answer[^1]));
        return [.. answer];
    }

    private Matrix Embed(PreparedPrompt prompt, int[] ids, HandChange change)
    {
        float[] table = Download(b.Embed(W("embed_tokens"), b.Upload(ids), 1)); // [T, h]
        float[] image = Download(whole.Network.EncodeImages(b.Upload(prompt.Pixels[0], 1, prompt.Pixels[0].Length))); // [N, h]
        int h = config.HiddenSize;
        for (int i = 0, patch = 0; i < ids.Length; i++)
        {
            bool isImage = ids[i] == whole.Config.ImageTokenId;
            for (int f = 0; f < h; f++)
            {
                if (isImage) table[i * h + f] = change.NoPicture ? 0 : image[patch * h + f];
                else if (!change.NoScale) table[i * h + f] *= (float)Math.Sqrt(h);
            }

            if (isImage) patch++;
        }

        return b.Upload(table, ids.Length, h);
    }

    private Matrix Attention(Matrix x, int layer, Matrix angles, StepTable step, HandChange change)
    {
        Matrix n = Norm(x, $"layers.{layer}.input_layernorm");
        Matrix q = b.Linear(n, W($"layers.{layer}.self_attn.q_proj")), k = b.Linear(n, W($"layers.{layer}.self_attn.k_proj"));
        if (!change.NoPositions) (q, k) = (b.Rope(q, angles), b.Rope(k, angles));
        Matrix v = b.Linear(n, W($"layers.{layer}.self_attn.v_proj"));
        float cap = change.NoAttentionCap ? 0 : config.AttentionSoftCap;
        Matrix y = b.Attention(q, k, v, step, new AttentionSpec(config.Heads, config.KvHeads, config.HeadDim, config.QueryScale, cap));
        if (change.Layer == layer && change.Head is { } head)
        {
            float[] values = Download(y);
            for (int i = 0; i < values.Length; i++)
                if (i % y.Columns / config.HeadDim == head) values[i] = 0;
            y = b.Upload(values, y.Rows, y.Columns);
        }

        return b.Linear(y, W($"layers.{layer}.self_attn.o_proj"));
    }

    private Matrix FeedForward(Matrix x, int layer, HandChange change)
    {
        Matrix n = Norm(x, $"layers.{layer}.{(config.HasPostNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm")}");
        Matrix gate = b.Linear(n, W($"layers.{layer}.mlp.gate_proj")), up = b.Linear(n, W($"layers.{layer}.mlp.up_proj"));
        return b.Linear(change.OpenGate ? up : b.GatedGelu(gate, up), W($"layers.{layer}.mlp.down_proj"));
    }

    /// <summary>x + branch, of Gemma 2 x + Norm(branch).</summary>
    private Matrix Add(Matrix x, Matrix branch, int layer, string norm) =>
        b.Add(x, config.HasPostNorms ? Norm(branch, $"layers.{layer}.{norm}") : branch);

    private Matrix Norm(Matrix x, string name) => b.RmsNorm(x, W(name), config.RmsNormEpsilon);

    private Weight W(string name)
    {
        string full = $"language_model.model.{name}.weight";
        if (!weights.TryGetValue(full, out Weight? weight)) weights.Add(full, weight = b.LoadWeight(whole.Checkpoint.Weight(full)));
        return weight;
    }

    private float[] Download(Matrix x)
    {
        float[] values = new float[x.Length];
        b.Download(x, values);
        return values;
    }

    public void Dispose()
    {
        foreach (Weight weight in weights.Values) weight.Dispose();
        whole.Dispose();
        b.Dispose();
    }
}
