using VlmSharp.Compute;

namespace VlmSharp.Generation;

/// <summary>A queued step: the requests that share it, and where its results are.</summary>
internal sealed class QueuedStep
{
    /// <summary>The requests that share it, in the order of its rows; empty once the tokens have been taken.</summary>
    public List<Decoding> Members { get; } = [];

    /// <summary>The number of members with prompts, which come first, and the total number of their tokens.</summary>
    public (int Count, int Tokens) Prompts { get; private set; }

    /// <summary>The time of encoder and projector. Zero if it is not known, on a backend that queues its operators.</summary>
    public TimeSpan Vision { get; set; }

    /// <summary>The backend's choice, [B, 2 + 2 N], or <c>default</c>.</summary>
    public Matrix Choice { get; set; }

    /// <summary>The scores if the host chooses: [B, V], or [B, <see cref="Scored"/>].</summary>
    public Matrix Logits { get; set; }

    /// <summary>Their log-softmax [B, V]; <c>default</c> if only some tokens are scored.</summary>
    public Matrix Logs { get; set; }

    /// <summary>The tokens that are scored; null for all.</summary>
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

    /// <summary>The listener of a step with one member, or null.</summary>
    public ITraceSink? Trace => Members is [{ Prompt.Trace: { } trace }] ? trace : null;

    /// <summary>Starts a step.</summary>
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

    /// <summary>Releases the scores.</summary>
    public void DropScores()
    {
        Logits.Dispose();
        Logs.Dispose();
        (Logits, Logs, Scored) = (default, default, null);
    }

    /// <summary>Ends the step. <see cref="Prompts"/> and <see cref="Vision"/> stay.</summary>
    public void Clear()
    {
        Members.Clear();
        Choice.Dispose();
        Choice = default;
        DropScores();
    }
}
