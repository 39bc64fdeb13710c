using System.Collections.Immutable;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;

namespace VlmSharp.Tasks;

/// <summary>
/// PaliGemma's tokens for places and shapes: <c>&lt;loc0000&gt;</c> to <c>&lt;loc1023&gt;</c> for the edges of a box, <c>&lt;seg000&gt;</c>
/// to <c>&lt;seg127&gt;</c> for the codes of a mask.
/// </summary>
internal sealed class TaskTokens
{
    /// <summary>Number of locations along a side of the picture.</summary>
    public const int LocationCount = 1024;

    /// <summary>Number of location tokens in a box: top, left, bottom, right.</summary>
    public const int LocationsPerBox = 4;

    private readonly Dictionary<int, int> locationOf = [], segmentOf = [];

    /// <summary>Looks up the tokens. The lists are empty if the vocabulary lacks them.</summary>
    public TaskTokens(ITokenizer tokenizer)
    {
        Locations = Find(tokenizer, LocationCount, i => $"<loc{i:D4}>", locationOf);
        Segments = Find(tokenizer, MaskNetwork.Codes, i => $"<seg{i:D3}>", segmentOf);
    }

    /// <summary>The id of each location; empty if the vocabulary lacks any.</summary>
    public ImmutableArray<int> Locations { get; }

    /// <summary>The id of each code; empty if the vocabulary lacks any.</summary>
    public ImmutableArray<int> Segments { get; }

    /// <summary>The location of a location token, or -1.</summary>
    public int LocationOf(int id) => locationOf.GetValueOrDefault(id, -1);

    /// <summary>The code of a segment token, or -1.</summary>
    public int SegmentOf(int id) => segmentOf.GetValueOrDefault(id, -1);

    private static ImmutableArray<int> Find(ITokenizer tokenizer, int count, Func<int, string> spell, Dictionary<int, int> valueOf)
    {
        var ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            if (tokenizer.IdOf(spell(i)) is not { } id) return [];
            ids[i] = id;
        }
        for (int i = 0; i < count; i++) valueOf[ids[i]] = i;
        return [.. ids];
    }
}
