using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Generation.Processors;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Answers a request by beam search, as transformers does. Each step scores every continuation of every beam by the sum of its processed
/// log-probabilities and considers the best 2 * beams. A continuation that ends becomes a hypothesis if it is among the first <c>beams</c>;
/// the best of the others are the next beams. At the end, the hypothesis with the best score is the answer.
/// </summary>
/// <remarks>
/// The first continuation of a beam keeps the beam's cache. Its other continuations take over the caches of beams that died; only the
/// tokens after the common prefix are copied into them. Every beam's cache contains the prompt, copied once.
/// </remarks>
internal sealed class BeamSearch : Decoding
{
    private readonly IComputeBackend backend;
    private readonly PaliGemmaModel model;
    private readonly Beam[] pool;
    private readonly List<Beam> live = [], next = [];
    private readonly List<Candidate> candidates = [];
    private readonly List<(BeamNode Node, Candidate Candidate)> chosen = [];
    private readonly BeamHypotheses hypotheses;
    private readonly TopSelector selector;
    private readonly int width; // number of candidates that a step considers
    private int count;

    public BeamSearch(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options, StopRule stop)
        : base(index, prompt, model, options, stop)
    {
        this.model = model;
        backend = model.Backend;
        hypotheses = new BeamHypotheses(options.Beams, options.LengthPenalty);
        // Wide enough to leave one candidate per beam even if the most likely continuations of every beam are all of its stop tokens.
        width = Math.Max(2, 1 + Stop.Ids.Length) * options.Beams;
        selector = new TopSelector(Math.Min(width, model.Config.Text.VocabSize));
        pool = new Beam[options.Beams];
        for (int i = 0; i < pool.Length; i++) pool[i] = new Beam(new int[prompt.Ids.Length + Limit]);
        prompt.Ids.CopyTo(pool[0].History, 0);
        pool[0].Length = prompt.Ids.Length;
        live.Add(pool[0]);
    }

    public override int Rows => live.Count;

    public override bool NeedsHost => true;

    public override bool GoesOn => Finish == FinishReason.None;

    public override void Own(KvCache cache) => pool[0].Cache = cache;

    public override void AddRows(Span<int> ids, SequenceBatch batch, Matrix choice)
    {
        for (int i = 0; i < live.Count; i++)
        {
            ids[i] = live[i].Last!.Id;
            batch.Add(1, Prompt.Ids.Length, live[i].Cache!, Prompt.Adapter);
        }
    }

    public override void AddHeadRows(HeadRows needed)
    {
        foreach (Beam beam in live) needed.Add(Prompt, beam.Path);
    }

    public override void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced)
    {
        FindCandidates(chooser, row);
        count++;
        chosen.Clear();
        for (int rank = 0; rank < candidates.Count && chosen.Count < pool.Length; rank++)
        {
            Candidate candidate = candidates[rank];
            BeamNode node = Node(candidate);
            if (!Ends(node)) chosen.Add((node, candidate));
            else if (rank < pool.Length) hypotheses.Add(node, candidate.Sum, FinishReason.Stop);
        }

        bool done = chosen.Count == 0 || hypotheses.IsDone(candidates[0].Sum, count);
        if (!done && count == Limit)
        {
            foreach ((BeamNode node, Candidate candidate) in chosen) hypotheses.Add(node, candidate.Sum, FinishReason.Length);
            done = true;
        }

        if (done) End(produced);
        else Continue();
    }

    /// <summary>The best continuations of all beams, best first. Ties go to the earlier beam, then to the lower id.</summary>
    private void FindCandidates(TokenChooser chooser, int row)
    {
        candidates.Clear();
        for (int i = 0; i < live.Count; i++)
        {
            Beam beam = live[i];
            selector.Select(chooser.BeamScores(row + i, beam.Path, this));
            selector.Order();
            beam.Note = Prompt.Notes is { } notes && selector.Count > 0 ? chooser.Note(Prompt, row + i, beam.Path, Noted(notes)) : null;
            beam.Top = Options.TopLogProbabilities > 0
                ? chooser.Top(Math.Min(Options.TopLogProbabilities, model.Config.Text.VocabSize))
                : null;
            for (int j = 0; j < selector.Count; j++)
                candidates.Add(new Candidate(beam.Sum + selector.Values[j], i, selector.Ids[j], chooser.LogProbabilities[selector.Ids[j]]));
        }

        candidates.Sort(static (a, b) => a.Sum != b.Sum ? b.Sum.CompareTo(a.Sum) : a.Beam != b.Beam ? a.Beam - b.Beam : a.Id - b.Id);
        if (candidates.Count > width) candidates.RemoveRange(width, candidates.Count - width);
    }

    /// <summary>The best continuation whose alternatives are to be noted, or the best one if there is none.</summary>
    private int Noted(IStepNotes notes)
    {
        foreach (int id in selector.Ids)
            if (notes.IsAlternative(id)) return id;
        return selector.Ids[0];
    }

    private BeamNode Node(in Candidate candidate) =>
        new(live[candidate.Beam].Last, candidate.Id, candidate.LogProbability, live[candidate.Beam].Top, live[candidate.Beam].Note);

    private bool Ends(BeamNode node) => Stop.Ends(node.Id) || (Stop.HasStrings && Stop.EndsText(Array.ConvertAll(node.Path(), n => n.Id)));

    /// <summary>Gives every chosen candidate a beam with the cache and history of its parent.</summary>
    private void Continue()
    {
        next.Clear();
        foreach (Beam beam in pool) beam.IsTaken = false;
        foreach ((_, Candidate candidate) in chosen)
        {
            Beam parent = live[candidate.Beam];
            next.Add(parent.IsTaken ? Beam.None : parent);
            parent.IsTaken = true;
        }

        for (int i = 0; i < next.Count; i++)
        {
            if (next[i] != Beam.None) continue;
            next[i] = Array.Find(pool, beam => !beam.IsTaken)!; // there are at least as many beams as chosen candidates
            next[i].IsTaken = true;
            next[i].CopyFrom(live[chosen[i].Candidate.Beam], backend, () => model.CreateKvCache(Capacity));
        }

        live.Clear();
        for (int i = 0; i < next.Count; i++)
        {
            (next[i].Last, next[i].Sum) = (chosen[i].Node, chosen[i].Candidate.Sum);
            next[i].History[next[i].Length++] = chosen[i].Node.Id;
            live.Add(next[i]);
        }
    }

    private void End(List<GeneratedToken> produced)
    {
        Finish = hypotheses.Best?.Finish ?? FinishReason.Length;
        BeamNode[] path = hypotheses.Best?.Last.Path() ?? [];
        StopText? text = Stop.Read();
        for (int i = 0; i < path.Length; i++)
        {
            string piece = text?.Append(path[i].Id) ?? "";
            bool isLast = i == path.Length - 1;
            produced.Add(new GeneratedToken(
                Index, path[i].Id, path[i].LogProbability, isLast ? piece + text?.Flush() : piece, isLast ? Finish : FinishReason.None));
        }

        Dispose();
    }

    public override GenerationResult ToResult()
    {
        BeamHypothesis? best = Finish == FinishReason.None ? null : hypotheses.Best; // nothing is certain before the end
        BeamNode[] path = best?.Last.Path() ?? [];
        int[] ids = Array.ConvertAll(path, node => node.Id);
        return new GenerationResult(ids, Array.ConvertAll(path, node => node.LogProbability), Stop.Text(ids), Finish, Prompt.Ids.Length)
        {
            Score = (float?)best?.Score,
            Notes = Prompt.Notes is null ? null : Array.ConvertAll(path, node => node.Note ?? default),
            TopLogProbabilities = path is [{ Top: not null }, ..] ? Array.ConvertAll(path, node => node.Top!) : null,
        };
    }

    public override void Dispose()
    {
        foreach (Beam beam in pool)
        {
            beam.Cache?.Dispose();
            beam.Cache = null;
        }

        // The beams themselves stay, because a step that is already queued still has their rows.
    }

    /// <summary>A continuation of a beam.</summary>
    private readonly record struct Candidate(double Sum, int Beam, int Id, float LogProbability);

    /// <summary>A path that goes on. Its cache covers its whole history except the last token.</summary>
    private sealed class Beam(int[] history)
    {
        public static readonly Beam None = new([]);

        public int[] History { get; } = history;

        public int Length { get; set; }

        /// <summary>Prompt and new tokens.</summary>
        public ReadOnlySpan<int> Path => History.AsSpan(0, Length);

        public KvCache? Cache { get; set; }

        public BeamNode? Last { get; set; }

        /// <summary>The most likely candidates for the next token, or null.</summary>
        public TokenCandidate[]? Top { get; set; }

        /// <summary>The notes on the current step, or null.</summary>
        public StepNote? Note { get; set; }

        public double Sum { get; set; }

        public bool IsTaken { get; set; }

        /// <summary>Becomes a copy of another beam, which does not change.</summary>
        public void CopyFrom(Beam other, IComputeBackend backend, Func<KvCache> create)
        {
            Cache ??= create();
            int common = History.AsSpan(0, Cache.Length).CommonPrefixLength(other.History.AsSpan(0, other.Cache!.Length));
            Cache.CopyFrom(backend, other.Cache, common);
            other.Path.CopyTo(History);
            Length = other.Length;
        }
    }
}
