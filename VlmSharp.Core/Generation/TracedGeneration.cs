using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// One request through the model, greedily, with a sink that hears the stages on the way: the loop of
/// <see cref="ModelTrace"/> and of explanations. Its tokens are those of a greedy <see cref="GenerationSession"/>.
/// </summary>
/// <param name="network">The model.</param>
/// <param name="prompt">The request; pixels of all its pictures are encoded in one pass.</param>
internal sealed class TracedGeneration(PaliGemmaModel network, PreparedPrompt prompt)
{
    private readonly IComputeBackend b = network.Backend;

    /// <summary>Looks at a new token and at the logits that chose it, and says whether to go on.</summary>
    /// <param name="logits">[1, V], valid during the call only.</param>
    /// <param name="id">The largest, of equal ones the lowest id.</param>
    public delegate bool TokenObserver(Tensor logits, int id);

    /// <summary>[n * 3 * S * S], the pictures one after another.</summary>
    public float[] Pixels { get; } = [.. prompt.Pixels.SelectMany(p => p)];

    /// <summary>Runs the prompt, then one token after another.</summary>
    /// <param name="newTokens">At the most; as many as fit the model's context.</param>
    /// <param name="promptSink">Hears the encoder, the projector and the decoder over the prompt, <c>text.norm</c> of every position among it.</param>
    /// <param name="stepSink">Hears the decoder over each later token; null for nobody.</param>
    /// <param name="promptLogits">Whether to score every position of the prompt and record <c>logits</c> [T, V], not the last one alone.</param>
    /// <param name="observe">Sees every new token.</param>
    public void Run(int newTokens, ITraceSink promptSink, ITraceSink? stepSink, bool promptLogits, TokenObserver observe)
    {
        using KvCache cache = network.CreateKvCache(prompt.Ids.Length + newTokens);
        var batch = new SequenceBatch();
        batch.Add(prompt.Ids.Length, prefixLength: prompt.Ids.Length, cache);
        using Tensor input = EmbedPrompt(promptSink); // [T, h]
        using Tensor hidden = network.Decode(input, batch, promptSink); // [T, h]
        Tensor logits = promptLogits ? ScoreAll(hidden, promptSink) : ScoreLast(hidden, promptSink); // [1, V]
        int[] best = new int[1];
        float[] value = new float[1];
        for (int count = 1; ; count++)
        {
            using (logits)
            {
                b.ArgMax(logits, best, value);
                if (!observe(logits, best[0]) || count == newTokens) return;
            }

            batch.Clear();
            batch.Add(1, prompt.Ids.Length, cache);
            using Tensor next = network.Embed(best); // [1, h]
            using Tensor state = network.Decode(next, batch, stepSink); // [1, h]
            logits = network.Logits(state); // [1, V]
        }
    }

    private Tensor EmbedPrompt(ITraceSink sink)
    {
        int pictures = prompt.Pixels.Count;
        using Tensor planes = b.Upload(Pixels, pictures, Pixels.Length / pictures); // [n, 3 * S * S]
        using Tensor images = network.EncodeImages(planes, sink); // [n * N, h]
        int[] places = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => prompt.Ids[i] == network.Config.ImageTokenId)];
        return network.Embed(prompt.Ids, images, places); // [T, h]
    }

    private Tensor ScoreAll(Tensor hidden, ITraceSink sink)
    {
        using Tensor all = network.Logits(hidden, sink); // [T, V]
        sink.Record("logits", all);
        return b.SelectRows(all, [all.Rows - 1]); // [1, V]
    }

    private Tensor ScoreLast(Tensor hidden, ITraceSink sink)
    {
        using (Tensor norm = network.Normalize(hidden)) sink.Record("text.norm", norm); // [T, h]
        using Tensor state = b.SelectRows(hidden, [hidden.Rows - 1]); // [1, h]
        return network.Logits(state); // [1, V]
    }
}
