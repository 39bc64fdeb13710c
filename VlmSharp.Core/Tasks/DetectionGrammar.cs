using System.Collections.Immutable;
using VlmSharp.Generation;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;

namespace VlmSharp.Tasks;

/// <summary>
/// The answers that <c>detect</c> and <c>segment</c> allow, as models were trained to give them:
/// <code>
/// answer := eos | box (" ; " box)* eos        box := loc loc loc loc  (seg x 16, only for segment)  " " label
/// </code>
/// Bottom is not above top, and right is not left of left. A label is one of the requested things, in the tokens that its text has there.
/// At most 1,024 tokens are possible for a location, so much less of the head is computed.
/// </summary>
public sealed class DetectionGrammar : ITokenConstraint
{
    private readonly TaskTokens tokens;
    private readonly bool masks;
    private readonly ILabelGrammar labels;
    private readonly int[] ends, locations, segments, locationsOrEnd; // ids, ascending

    /// <summary>Creates the grammar of a request.</summary>
    /// <param name="tokenizer">The model's vocabulary.</param>
    /// <param name="endOfSequence">The tokens that end an answer.</param>
    /// <param name="things">The labels; empty to allow any text.</param>
    /// <param name="masks">Whether each box has the sixteen codes of a mask.</param>
    /// <exception cref="RequestException">The vocabulary lacks location or segment tokens.</exception>
    public DetectionGrammar(ITokenizer tokenizer, IReadOnlyList<int> endOfSequence, IReadOnlyList<string> things, bool masks)
        : this(tokenizer, new TaskTokens(tokenizer), endOfSequence, things, masks) { }

    internal DetectionGrammar(
        ITokenizer tokenizer, TaskTokens tokens, IReadOnlyList<int> endOfSequence, IReadOnlyList<string> things, bool masks)
    {
        if (!IsAscending(tokens.Locations) || (masks && !IsAscending(tokens.Segments)))
        {
            throw new RequestException(
                $"The model's vocabulary lacks {(IsAscending(tokens.Locations) ? "<seg>" : "<loc>")} tokens, " +
                "or has them out of order: it cannot say where things are.");
        }

        (this.tokens, this.masks) = (tokens, masks);
        ends = [.. endOfSequence.Distinct().Order()];
        (locations, segments) = ([.. tokens.Locations], [.. tokens.Segments.Order()]);
        locationsOrEnd = [.. locations.Concat(ends).Distinct().Order()];
        labels = things.Count > 0 ? new LabelTrie(tokenizer, things, ends) : new FreeLabel(tokenizer, tokens, ends);
    }

    /// <summary>The position in an answer: the part that comes next, and how many of its tokens are there.</summary>
    private readonly record struct State(Part Part, int Count = 0, int Top = 0, int Left = 0);

    private enum Part
    {
        Answer, // nothing yet: a box or the end
        Box, // Count of 4 locations
        Mask, // Count of 16 codes
        Label, // Count is the state of the label's own grammar
        End, // ended, or outside the grammar: only the end may follow
    }

    /// <inheritdoc/>
    public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens)
    {
        var state = new State(Part.Answer);
        foreach (int id in newTokens) state = Next(state, id);
        return state.Part switch
        {
            Part.Answer => locationsOrEnd,
            Part.Box => locations.AsSpan(state.Count switch { 2 => state.Top, 3 => state.Left, _ => 0 }),
            Part.Mask => segments,
            Part.Label when labels.IsComplete(state.Count) => locations,
            Part.Label => labels.Allowed(state.Count),
            _ => ends,
        };
    }

    private State Next(State state, int id)
    {
        int location = tokens.LocationOf(id);
        switch (state.Part)
        {
            case Part.Answer when location >= 0:
            case Part.Label when location >= 0 && labels.IsComplete(state.Count):
                return new State(Part.Box, 1, Top: location);
            case Part.Box when location >= 0:
                if (state.Count == 1) return state with { Count = 2, Left = location };
                if (state.Count == 2) return state with { Count = 3 };
                return masks ? new State(Part.Mask) : new State(Part.Label, labels.Start);
            case Part.Mask when tokens.SegmentOf(id) >= 0:
                return state.Count + 1 < MaskNetwork.CodesPerMask
                    ? new State(Part.Mask, state.Count + 1)
                    : new State(Part.Label, labels.Start);
            case Part.Label when labels.Next(state.Count, id) is >= 0 and int next:
                return new State(Part.Label, next);
            default:
                return new State(Part.End);
        }
    }

    /// <summary>Whether there are tokens and their ids ascend, so that later locations have larger ids.</summary>
    private static bool IsAscending(ImmutableArray<int> ids)
    {
        for (int i = 1; i < ids.Length; i++)
            if (ids[i] <= ids[i - 1]) return false;
        return ids.Length > 0;
    }
}
