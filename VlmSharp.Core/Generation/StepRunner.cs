using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Runs steps of the network. A step processes prompts and decoding sequences together, in one pass over the weights. Queuing a step and
/// taking its tokens are separate calls. On a backend that queues its operators, the next step can therefore be queued before the tokens of
/// this one are read: its embedding finds them in the choice.
/// </summary>
/// <param name="context">The model's network, tokenizer and picture features; not disposed of.</param>
internal sealed class StepRunner(ModelContext context) : IDisposable
{
    private readonly PaliGemmaModel network = context.Network;
    private readonly IComputeBackend b = context.Network.Backend;
    private readonly SequenceBatch batch = new();
    private readonly StepRows rows = new(context.Network);
    private readonly HeadRows needed = new(context.Network.Config.Text.VocabSize);
    private readonly List<Decoding> steady = []; // members of the last step if it was a decode step on the backend
    private TokenChooser? chooser;
    private float[] words = [];
    private readonly List<Indices> ownRows = []; // at B - 1: the ids -1, -2, ..., -B, created when first needed
    private ChoiceRules? rules;
    private StepTable? table;
    private Matrix choice; // of the last queued step
    private QueuedStep queued = new(), due = new(); // the last step, and the one before

    /// <summary>Whether a step is queued whose tokens have not been taken.</summary>
    public bool HasQueued => queued.Members.Count > 0 || due.Members.Count > 0;

    /// <summary>Whether the next step may be queued before the tokens of the last one are taken.</summary>
    public bool CanRunAhead => b.IsQueued && due.Members.Count == 0 && !queued.NeedsHost && queued.Trace is null;

    /// <summary>Queues a step: the prompts, then the decoding sequences with one row each, or one for each beam.</summary>
    /// <param name="prompts">Requests whose prompts are processed; their caches are created here.</param>
    /// <param name="riders">Requests that go on.</param>
    public void Queue(ReadOnlySpan<Decoding> prompts, ReadOnlySpan<Decoding> riders)
    {
        (queued, due) = (due, queued);
        queued.Begin(prompts, riders);
        foreach (Decoding member in queued.Members) member.Share(queued.Members.Count);
        batch.Clear();
        try
        {
            Matrix next = prompts.IsEmpty && !queued.NeedsHost && queued.Trace is null
                ? Decode(riders, choice)
                : Mix(prompts, riders, choice);
            choice.Dispose();
            choice = next;
        }
        catch (Exception e)
        {
            // An error in a step with one member, such as from its listener, ends this member only. An error in a shared step ends all of
            // them, because their caches are half written.
            bool isShared = queued.Members.Count > 1;
            foreach (Decoding member in queued.Members) member.Fail(e);
            queued.Clear();
            steady.Clear();
            if (isShared) throw;
            return;
        }

        batch.Advance();
        queued.Choice = choice.HasValue ? choice.Retain() : default;
        for (int i = 0, row = 0; i < queued.Members.Count; row += queued.Members[i++].Rows)
            if (queued.Members[i] is Sequence { NeedsHost: false } sequence) sequence.Await(choice, row);
    }

    /// <summary>Takes the tokens of the oldest queued step. This is the only place that waits.</summary>
    /// <param name="produced">Receives them, in the order of the step.</param>
    /// <returns>What the step did.</returns>
    public TakenStep Take(List<GeneratedToken> produced)
    {
        QueuedStep step = due.Members.Count > 0 ? due : queued;
        Read(step.Choice);
        if (step.NeedsHost) (chooser ??= new TokenChooser(network)).Begin(step.Logits, step.Logs, step.Scored);
        int width = step.Choice.Columns, row = 0, decoded = 0;
        for (int i = 0; i < step.Members.Count; i++)
        {
            Decoding member = step.Members[i];
            int own = member.Rows, first = produced.Count; // before it moves on
            bool goesOn = member.Finish == FinishReason.None; // it may have ended after this step was queued ahead
            if (goesOn && member.NeedsHost) Advance(member, row, produced);
            else if (goesOn) Read((Sequence)member, new ChosenToken(words.AsSpan(row * width, width)), produced);
            row += own;
            if (goesOn && i >= step.Prompts.Count) decoded++;
            foreach (GeneratedToken token in CollectionsMarshal.AsSpan(produced)[first..])
                member.Telemetry?.Token(member.TelemetryIndex, token.Finish);
        }

        int sequences = step.Members.Count;
        step.Clear();
        return new TakenStep(step.Prompts.Tokens, step.Vision, sequences, decoded);
    }

    /// <summary>Reads the backend's choice. A score that is not finite makes its log-probability -infinity.</summary>
    private void Read(Sequence sequence, ChosenToken chosen, List<GeneratedToken> produced)
    {
        if (!float.IsFinite(chosen.LogProbability)) sequence.Fail(NonFiniteScores.Error(network, sequence.Prompt, sequence.History));
        else produced.Add(sequence.Read(chosen));
    }

    private void Advance(Decoding member, int row, List<GeneratedToken> produced)
    {
        try
        {
            member.Advance(chooser!, row, produced);
        }
#pragma warning disable CA1031 // Its constraint may throw anything, and the others go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            member.Fail(e);
        }
    }

    /// <summary>A step that runs entirely on the backend: only the table is uploaded, and nothing waits.</summary>
    private Matrix Decode(ReadOnlySpan<Decoding> riders, Matrix before)
    {
        bool isSame = riders.SequenceEqual(CollectionsMarshal.AsSpan(steady));
        rows.Clear();
        foreach (Decoding rider in riders) rows.Add(rider, batch, before);
        if (!isSame) rules = Rules();
        table = b.Prepare(batch);
        Matrix next;
        if (isSame && rows.AreOwnChoices)
        {
            // The usual step: each row continues with the token that it chose in the previous step.
            var key = new ReplayKey(this, rows.Count, rules!);
            next = b.Replay(key, before, (Runner: this, Ids: OwnRows()), static (input, s) => s.Runner.Forward(s.Ids, input));
        }
        else
        {
            using Indices ids = b.Upload(rows.Ids);
            next = Forward(ids, before);
        }

        steady.Clear();
        steady.AddRange(riders);
        return next;
    }

    /// <summary>The ids -1, -2, ..., -B. They are uploaded once and stay in place, because a recorded step reads them there.</summary>
    private Indices OwnRows()
    {
        while (ownRows.Count < rows.Count) ownRows.Add(default);
        Indices kept = ownRows[rows.Count - 1];
        return kept.HasValue ? kept : ownRows[rows.Count - 1] = b.Upload(rows.Ids);
    }

    /// <summary>The work of a decode step: embedding, decoder, head, choice.</summary>
    private Matrix Forward(Indices ids, Matrix before)
    {
        using Matrix input = network.Embed(ids, choice: before); // [B, h]
        using Matrix hidden = network.Decode(input, table!); // [B, h]
        using Matrix logits = network.Logits(hidden); // [B, V]
        return b.Choose(logits, table!, rules!); // [B, 2 + 2 N]
    }

    /// <summary>A step with prompts, with a listener, or with sequences whose scores the host needs.</summary>
    private Matrix Mix(ReadOnlySpan<Decoding> prompts, ReadOnlySpan<Decoding> riders, Matrix before)
    {
        steady.Clear();
        rows.Clear();
        using Matrix images = EncodeImages(prompts); // [pictures * N, h]
        using TelemetrySpans spans = TelemetrySpans.Prefill(prompts);
        foreach (Decoding prompt in prompts) rows.AddPrompt(prompt, batch);
        foreach (Decoding rider in riders) rows.Add(rider, batch, before);
        rules = Rules();
        table = b.Prepare(batch);
        using Matrix input = Embed(images, before); // [T, h]
        using Matrix hidden = network.Decode(input, table, queued.Trace); // [T, h]
        using Matrix last = LastRows(hidden, isPrompt: !prompts.IsEmpty); // [B, h]
        Matrix next = Score(last);
        foreach (Decoding prompt in prompts) prompt.Telemetry?.Prefilled(prompt.TelemetryIndex);
        return next;
    }

    /// <summary>Head and choice. If the host chooses, the scores are kept until the tokens are taken.</summary>
    private Matrix Score(Matrix last)
    {
        queued.Scored = queued.NeedsHost ? ScoredTokens() : null;
        using Indices columns = queued.Scored is { } scored ? b.Upload(scored) : default;
        Matrix logits = queued.Scored is null ? network.Logits(last) : network.Logits(last, columns); // [B, V] or [B, scored]
        queued.Logits = logits;
        queued.Trace?.Record("step.logits", logits);
        if (queued.NeedsHost && queued.Scored is null) queued.Logs = b.LogSoftmax(logits); // [B, V]
        Matrix next = queued.HasChoice ? b.Choose(logits, table!, rules!) : default; // [B, 2 + 2 N]
        if (!queued.NeedsHost) queued.DropScores();
        return next;
    }

    private Matrix EncodeImages(ReadOnlySpan<Decoding> prompts)
    {
        var pictures = new List<(PictureKey Key, float[] Pixels)>();
        foreach (Decoding prompt in prompts)
        {
            pictures.AddRange(prompt.Prompt.Keys.Zip(prompt.Prompt.Pixels));
            prompt.CachedPictures = prompt.Prompt.Trace is null ? prompt.Prompt.Keys.Count(context.Features.Contains) : 0;
        }

        if (pictures.Count == 0) return default;
        long start = Stopwatch.GetTimestamp();
        using TelemetrySpans spans = TelemetrySpans.Vision(prompts);
        Matrix encoded = queued.Trace is { } trace
            ? ImageFeatureCache.Run(network, pictures, trace) // bypasses the cache: a listener wants the encoder's stages
            : context.Features.Encode(network, pictures);
        if (b.IsQueued) return encoded; // nothing has run yet
        queued.Vision = Stopwatch.GetElapsedTime(start);
        foreach (Decoding prompt in prompts)
            if (prompt.Prompt.Keys.Count > prompt.CachedPictures) prompt.Vision = queued.Vision;
        return encoded;
    }

    private Matrix Embed(Matrix images, Matrix before)
    {
        using Indices ids = b.Upload(rows.Ids);
        using Indices places = images.HasValue ? b.Upload(rows.ImagePlaces) : default;
        return network.Embed(ids, images, places, before); // [T, h]
    }

    /// <summary>The rows that the head scores. The listener of a prompt gets the others too.</summary>
    private Matrix LastRows(Matrix hidden, bool isPrompt)
    {
        if (isPrompt && queued.Trace is { } trace)
        {
            if (trace.PromptLogits)
            {
                using Matrix all = network.Logits(hidden, trace); // [T, V]
                trace.Record("logits", all);
            }
            else
            {
                using Matrix norm = network.Normalize(hidden); // [T, h]
                trace.Record("text.norm", norm);
            }
        }

        if (rows.LastRows.Length == hidden.Rows) return hidden.Retain();
        using Indices last = b.Upload(rows.LastRows);
        return b.SelectRows(hidden, last);
    }

    private ChoiceRules Rules()
    {
        var all = new List<TokenRule>();
        foreach (Decoding member in queued.Members)
            for (int i = member.Rows; i > 0; i--)
                all.Add(member is Sequence { NeedsHost: false } sequence ? sequence.Rule : new TokenRule { IsSkipped = true });
        return new ChoiceRules(all);
    }

    /// <summary>The tokens that can follow at all if every sequence is constrained; otherwise null.</summary>
    private int[]? ScoredTokens()
    {
        needed.Clear();
        foreach (Decoding member in queued.Members)
        {
            try
            {
                member.AddHeadRows(needed);
            }
#pragma warning disable CA1031 // Its constraint may throw anything, and the others go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                member.Fail(e);
                needed.AddAll(); // some row must be scored
            }
        }

        return needed.Collect();
    }

    private void Read(Matrix chosen)
    {
        if (!chosen.HasValue) return;
        int length = checked((int)chosen.Length);
        if (words.Length < length) words = new float[length];
        b.Download(chosen, words.AsSpan(0, length));
    }

    public void Dispose()
    {
        queued.Clear();
        due.Clear();
        choice.Dispose();
        foreach (Indices ids in ownRows) ids.Dispose();
    }
}
