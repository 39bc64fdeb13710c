using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Runs steps of the network: prompts and sequences that decode, together, each step in one pass over the weights. A step is queued and
/// its tokens are taken apart, so that on a backend that queues its operators the next step can be queued before the tokens
/// of this one are read: its embedding finds them in the choice.
/// </summary>
/// <param name="context">The model.</param>
internal sealed class StepRunner(ModelContext context) : IDisposable
{
    private readonly PaliGemmaModel network = context.Network;
    private readonly IComputeBackend b = context.Network.Backend;
    private readonly SequenceBatch batch = new();
    private readonly StepRows rows = new(context.Network);
    private readonly HeadRows needed = new(context.Network.Config.Text.VocabSize);
    private readonly List<Decoding> steady = []; // who shared the last step, if it was a decode step on the backend
    private TokenChooser? chooser;
    private float[] words = [];
    private readonly List<Indices> ownRows = []; // [B - 1]: the ids -1, -2, ..., -B, each made when first needed
    private ChoiceRules? rules;
    private StepTable? table;
    private Matrix choice; // of the step that was queued last
    private QueuedStep queued = new(), due = new(); // the last step, and the one before

    /// <summary>Whether a step is queued whose tokens nobody has taken.</summary>
    public bool HasQueued => queued.Members.Count > 0 || due.Members.Count > 0;

    /// <summary>Whether the next step may be queued before the tokens of the last one are taken.</summary>
    public bool CanRunAhead => b.IsQueued && due.Members.Count == 0 && !queued.NeedsHost && queued.Trace is null;

    /// <summary>Queues a step: the prompts, then one row, or one for each beam, of the sequences that decode.</summary>
    /// <param name="prompts">Requests whose prompts are processed; their caches are made here.</param>
    /// <param name="riders">Requests that go on.</param>
    public void Queue(ReadOnlySpan<Decoding> prompts, ReadOnlySpan<Decoding> riders)
    {
        (queued, due) = (due, queued);
        queued.Begin(prompts, riders);
        foreach (Decoding member in queued.Members) member.Share(queued.Members.Count);
        batch.Clear();
        try
        {
            Matrix next = prompts.IsEmpty && !queued.NeedsHost && queued.Trace is null ? Decode(riders, choice) : Mix(prompts, riders, choice);
            choice.Dispose();
            choice = next;
        }
        catch (Exception e)
        {
            // What one member alone has caused, such as what its listener threw, ends that one. What nobody in particular has caused ends all:
            // their caches are half written.
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

    /// <summary>Takes the tokens of the oldest step that is queued: the one place that waits.</summary>
    /// <param name="produced">Receives them, in the order of the step.</param>
    /// <returns>What the step has done.</returns>
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
            bool goesOn = member.Finish == FinishReason.None; // else it had ended when this step was queued ahead
            if (goesOn && member.NeedsHost) Advance(member, row, produced);
            else if (goesOn) Read((Sequence)member, new ChosenToken(words.AsSpan(row * width, width)), produced);
            row += own;
            if (goesOn && i >= step.Prompts.Count) decoded++;
            foreach (GeneratedToken token in CollectionsMarshal.AsSpan(produced)[first..]) member.Telemetry?.Token(member.TelemetryIndex, token.Finish);
        }

        int sequences = step.Members.Count;
        step.Clear();
        return new TakenStep(step.Prompts.Tokens, step.Vision, sequences, decoded);
    }

    /// <summary>Reads what the backend has chosen; one score that is not finite makes its log-probability -infinity.</summary>
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

    /// <summary>A step that is all on the backend: nothing is uploaded but the table, and nothing waits.</summary>
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
            // The usual step: each row takes the token that it has chosen in the step before.
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

    /// <summary>The ids -1, -2, ..., -B. They are uploaded once and stay in their place: a recorded step reads them there.</summary>
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

    /// <summary>A step with prompts, with a listener, or with sequences of which the host must see the scores.</summary>
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

    /// <summary>Head and choice. The scores are kept until the tokens are taken where the host chooses.</summary>
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
            ? ImageFeatureCache.Run(network, pictures, trace) // past the cache: a listener wants to hear the encoder
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

    /// <summary>The rows that the head scores. Of a prompt with a listener the others are shown too.</summary>
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
            for (int i = member.Rows; i > 0; i--) all.Add(member is Sequence { NeedsHost: false } sequence ? sequence.Rule : new TokenRule { IsSkipped = true });
        return new ChoiceRules(all);
    }

    /// <summary>The tokens that can follow at all, where every sequence is constrained; else null.</summary>
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
