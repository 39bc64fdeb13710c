using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// One request through the model, greedily, with a sink that hears the stages on the way: the loop of
/// <see cref="ModelTrace"/> and of explanations. Its tokens are those of a greedy <see cref="GenerationSession"/>.
/// </summary>
/// <param name="model">The model. Other sessions may take their steps between those of this run.</param>
/// <param name="prompt">The request; pixels of all its pictures are encoded in one pass.</param>
internal sealed class TracedGeneration(VisionLanguageModel model, PreparedPrompt prompt)
{
    private readonly PaliGemmaModel network = model.Model;
    private readonly IComputeBackend b = model.Model.Backend;
    private readonly int[] best = new int[1];
    private readonly float[] value = new float[1];

    /// <summary>Looks at a new token and at the logits that chose it, and says whether to go on. Called under the model's lock.</summary>
    /// <param name="logits">[1, V], valid during the call only.</param>
    /// <param name="id">The largest, of equal ones the lowest id.</param>
    public delegate bool TokenObserver(Matrix logits, int id);

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
        bool goesOn = Step(() => Prompt(cache, batch, promptSink, promptLogits), observe);
        for (int count = 1; goesOn && count < newTokens; count++) goesOn = Step(() => Next(cache, batch, stepSink), observe);
    }

    /// <summary>One pass and its choice, taking turns with the model's sessions.</summary>
    private bool Step(Func<Matrix> pass, TokenObserver observe)
    {
        lock (model.Gate)
        {
            ObjectDisposedException.ThrowIf(network.IsDisposed, typeof(VisionLanguageModel));
            using Matrix logits = pass(); // [1, V]
            b.ArgMax(logits, best, value);
            return observe(logits, best[0]);
        }
    }

    private Matrix Prompt(KvCache cache, SequenceBatch batch, ITraceSink sink, bool allLogits)
    {
        batch.Add(prompt.Ids.Length, prefixLength: prompt.Ids.Length, cache);
        using Matrix input = EmbedPrompt(sink); // [T, h]
        using Matrix hidden = network.Decode(input, batch, sink); // [T, h]
        return allLogits ? ScoreAll(hidden, sink) : ScoreLast(hidden, sink); // [1, V]
    }

    private Matrix Next(KvCache cache, SequenceBatch batch, ITraceSink? sink)
    {
        batch.Clear();
        batch.Add(1, prompt.Ids.Length, cache);
        using Matrix next = network.Embed(best); // [1, h]
        using Matrix state = network.Decode(next, batch, sink); // [1, h]
        return network.Logits(state); // [1, V]
    }

    private Matrix EmbedPrompt(ITraceSink sink)
    {
        int pictures = prompt.Pixels.Count;
        using Matrix planes = b.Upload(Pixels, pictures, Pixels.Length / pictures); // [n, 3 * S * S]
        using Matrix images = network.EncodeImages(planes, sink); // [n * N, h]
        int[] places = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => prompt.Ids[i] == network.Config.ImageTokenId)];
        return network.Embed(prompt.Ids, images, places); // [T, h]
    }

    private Matrix ScoreAll(Matrix hidden, ITraceSink sink)
    {
        using Matrix all = network.Logits(hidden, sink); // [T, V]
        sink.Record("logits", all);
        return b.SelectRows(all, [all.Rows - 1]); // [1, V]
    }

    private Matrix ScoreLast(Matrix hidden, ITraceSink sink)
    {
        using (Matrix norm = network.Normalize(hidden)) sink.Record("text.norm", norm); // [T, h]
        using Matrix state = b.SelectRows(hidden, [hidden.Rows - 1]); // [1, h]
        return network.Logits(state); // [1, V]
    }
}
