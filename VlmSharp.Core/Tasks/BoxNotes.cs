using System.Collections.Immutable;
using VlmSharp.Generation;

namespace VlmSharp.Tasks;

/// <summary>
/// What the score of a box needs to know of the steps that spelled it: of its four locations how likely every place was, and of its label how
/// likely the labels were that were asked for, beside everything else that the model could have said.
/// </summary>
/// <param name="tokens">The vocabulary's locations.</param>
internal sealed class BoxNotes(TaskTokens tokens) : IStepNotes
{
    public ImmutableArray<int> Alternatives => tokens.Locations;

    public bool IsAlternative(int id) => tokens.LocationOf(id) >= 0;

    /// <summary>Behind four locations, and the codes of a mask where there are any.</summary>
    public bool WantsAllowed(ReadOnlySpan<int> newTokens)
    {
        int end = newTokens.Length;
        while (end > 0 && tokens.SegmentOf(newTokens[end - 1]) >= 0) end--;
        int first = end;
        while (first > 0 && IsAlternative(newTokens[first - 1])) first--;
        return end - first == TaskTokens.LocationsPerBox;
    }
}
