using System.Numerics;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Generation;

/// <summary>
/// The rows of the head that a step needs. If every sequence has a constraint, these are the tokens that any of them may produce next, a
/// few of 257,216. The head is the largest parameter, so a constrained step reads much less.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class HeadRows(int vocabulary)
{
    private readonly ulong[] marks = new ulong[(vocabulary + 63) / 64]; // a bit for each token
    private readonly List<int> ids = [];
    private bool needsAll;

    /// <summary>Starts a step.</summary>
    public void Clear()
    {
        needsAll = false;
        Array.Clear(marks);
    }

    /// <summary>Adds the tokens that one row of the step may produce.</summary>
    /// <param name="prompt">The prompt, with its constraint.</param>
    /// <param name="history">Prompt and new tokens.</param>
    public void Add(PreparedPrompt prompt, ReadOnlySpan<int> history)
    {
        ReadOnlySpan<int> allowed = prompt.AllowedAfter(history, vocabulary);
        needsAll |= allowed.IsEmpty || prompt.Notes?.WantsAllowed(history[prompt.Ids.Length..]) == true;
        foreach (int id in allowed) marks[id / 64] |= 1UL << id; // the shift is modulo 64
    }

    /// <summary>Adds every token.</summary>
    public void AddAll() => needsAll = true;

    /// <summary>The rows that were added.</summary>
    /// <returns>Ids in ascending order; null if all rows are needed.</returns>
    public int[]? Collect()
    {
        if (needsAll) return null;
        ids.Clear();
        for (int i = 0; i < marks.Length; i++)
            for (ulong rest = marks[i]; rest != 0; rest &= rest - 1) ids.Add(64 * i + BitOperations.TrailingZeroCount(rest));
        return [.. ids];
    }
}
