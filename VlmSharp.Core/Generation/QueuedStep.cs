using VlmSharp.Compute;

namespace VlmSharp.Generation;

/// <summary>A step that has been queued: who shares it, and where its results are.</summary>
internal sealed class QueuedStep
{
    /// <summary>Who shares it, in the order of its rows; none once the tokens have been taken.</summary>
    public List<Decoding> Members { get; } = [];

    /// <summary>How many of them bring their prompts: the first ones. Their tokens, all together.</summary>
    public (int Count, int Tokens) Prompts { get; private set; }

    /// <summary>What encoder and projector took; zero where that is not known, on a backend that queues its operators.</summary>
    public TimeSpan Vision { get; set; }

    /// <summary>What the backend has chosen, [B, 2 + 2 N], or <c>default</c>.</summary>
    public Matrix Choice { get; set; }

    /// <summary>The scores, for the host to choose among: [B, V], or [B, <see cref="Scored"/>].</summary>
    public Matrix Logits { get; set; }

    /// <summary>Their log-softmax [B, V]; <c>default</c> where only some tokens are scored.</summary>
    public Matrix Logs { get; set; }

    /// <summary>Which tokens are scored; null for all.</summary>
    public int[]? Scored { get; set; }

    /// <summary>Whether the host chooses for any of the members.</summary>
    public bool NeedsHost
    {
        get
        {
            foreach (Decoding member in Members)
                if (member.NeedsHost) return true;
            return false;
        }
    }

    /// <summary>Whether the backend chooses for any of the members.</summary>
    public bool HasChoice
    {
        get
        {
            foreach (Decoding member in Members)
                if (!member.NeedsHost) return true;
            return false;
        }
    }

    /// <summary>Who listens, of a step with one member; else null.</summary>
    public ITraceSink? Trace => Members is [{ Prompt.Trace: { } trace }] ? trace : null;

    /// <summary>Begins a step.</summary>
    /// <param name="prompts">Requests whose prompts are processed.</param>
    /// <param name="riders">Requests that go on.</param>
    public void Begin(ReadOnlySpan<Decoding> prompts, ReadOnlySpan<Decoding> riders)
    {
        Members.AddRange(prompts);
        Members.AddRange(riders);
        int tokens = 0;
        foreach (Decoding prompt in prompts) tokens += prompt.Prompt.Ids.Length;
        Prompts = (prompts.Length, tokens);
        Vision = default;
    }

    /// <summary>Gives the scores back.</summary>
    public void DropScores()
    {
        Logits.Dispose();
        Logs.Dispose();
        (Logits, Logs, Scored) = (default, default, null);
    }

    /// <summary>Ends the step. What it was is still told.</summary>
    public void Clear()
    {
        Members.Clear();
        Choice.Dispose();
        Choice = default;
        DropScores();
    }
}
