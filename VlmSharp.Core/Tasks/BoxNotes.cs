using System.Collections.Immutable;
using VlmSharp.Generation;

namespace VlmSharp.Tasks;

/// <summary>
/// Asks for the notes from which a box's score is computed: for its four location tokens, the probabilities of all locations; for its
/// label, the total probability of the requested labels among everything that the model could have produced.
/// </summary>
/// <param name="tokens">The vocabulary's locations.</param>
internal sealed class BoxNotes(TaskTokens tokens) : IStepNotes
{
    public ImmutableArray<int> Alternatives => tokens.Locations;

    public bool IsAlternative(int id) => tokens.LocationOf(id) >= 0;

    /// <summary>True after four locations and, if there are any, the codes of a mask.</summary>
    public bool WantsAllowed(ReadOnlySpan<int> newTokens)
    {
        int end = newTokens.Length;
        while (end > 0 && tokens.SegmentOf(newTokens[end - 1]) >= 0) end--;
        int first = end;
        while (first > 0 && IsAlternative(newTokens[first - 1])) first--;
        return end - first == TaskTokens.LocationsPerBox;
    }
}
