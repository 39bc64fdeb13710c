using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>A request as the model needs it.</summary>
/// <param name="Ids">Token ids, image placeholders included.</param>
/// <param name="Pixels">For each picture [3 * S * S]: planes R, G, B in -1..1.</param>
internal sealed record PreparedPrompt(int[] Ids, IReadOnlyList<float[]> Pixels)
{
    /// <summary>The keys of the pictures, one each.</summary>
    public IReadOnlyList<PictureKey> Keys { get; init; } = [];

    /// <summary>The adapter of its rows, or null for the model without an adapter.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>The request's own seed, or null.</summary>
    public long? Seed { get; init; }

    /// <summary>The request's constraint, or null.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>Receives the stages of its steps, or null.</summary>
    public ITraceSink? Trace { get; init; }

    /// <summary>What to note about its steps, or null.</summary>
    public IStepNotes? Notes { get; init; }

    /// <summary>Asks the request's constraint, and checks its answer.</summary>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="vocabulary">V.</param>
    /// <returns>Ids below V in ascending order, valid until the next call; empty if every token may follow.</returns>
    public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> history, int vocabulary)
    {
        if (Constraint is null) return [];
        ReadOnlySpan<int> allowed = Constraint.AllowedAfter(history[Ids.Length..]);
        int last = -1;
        foreach (int id in allowed)
        {
            if (id <= last || id >= vocabulary)
                throw new InvalidOperationException(
                    $"The token constraint allows id {id} after {last}: ids must ascend and be below {vocabulary}.");
            last = id;
        }

        return allowed;
    }

    /// <summary>The number of new tokens that fit: as many as asked for, or what the model's context leaves.</summary>
    /// <exception cref="RequestException">The prompt alone fills the context.</exception>
    public int LimitNewTokens(int asked, TextConfig config) => Ids.Length < config.MaxPositions
        ? Math.Min(asked, config.MaxPositions - Ids.Length)
        : throw new RequestException(
            $"The prompt has {Ids.Length} tokens, pictures included, but the model's context is {config.MaxPositions}: " +
            "shorten the text or give fewer pictures.");
}
