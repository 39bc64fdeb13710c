using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016) of text between atomic tokens. It starts from single characters and merges the adjacent pair
/// of lowest rank, leftmost first, until no pair merges. Symbols form a doubly linked list and candidate pairs a priority queue, so n
/// characters take O(n log n). One instance serves one call of encode.
/// </summary>
internal sealed class BytePairEncoder(PieceTable pieces, MergeTable merges, Func<int, bool> isReachable, int spaceId, int[] byteIds)
{
    private const int None = -1;
    private readonly PriorityQueue<int, ulong> candidates = new(); // left symbol by (rank, position)
    private int[] ids = []; // None for a symbol that was merged into its left neighbor
    private int[] next = [];
    private int[] previous = [];
    private int count;

    /// <summary>Appends the ids of a fragment of text.</summary>
    /// <param name="fragment">Valid UTF-8.</param>
    /// <param name="output">Receives the ids.</param>
    public void Encode(ReadOnlySpan<byte> fragment, List<int> output)
    {
        SplitIntoSymbols(fragment);
        for (int left = 0; left < count - 1; left++) Propose(left);
        while (candidates.TryDequeue(out int left, out ulong priority)) Merge(left, priority);
        for (int symbol = 0; symbol != None && symbol < count; symbol = next[symbol]) output.Add(ids[symbol]);
    }

    private void SplitIntoSymbols(ReadOnlySpan<byte> fragment)
    {
        if (ids.Length < fragment.Length)
        {
            ids = new int[fragment.Length];
            next = new int[fragment.Length];
            previous = new int[fragment.Length];
        }
        count = 0;
        while (!fragment.IsEmpty)
        {
            Rune.DecodeFromUtf8(fragment, out _, out int length);
            ReadOnlySpan<byte> character = fragment[..length];
            int id = character[0] == ' ' ? spaceId : pieces.Find(character);
            if (id >= 0 && isReachable(id)) ids[count++] = id;
            else foreach (byte b in character) ids[count++] = byteIds[b];
            fragment = fragment[length..];
        }
        for (int i = 0; i < count; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1 < count ? i + 1 : None;
        }
    }

    private void Propose(int left)
    {
        if (left == None || next[left] == None) return;
        if (!merges.TryGet(ids[left], ids[next[left]], out int rank, out _)) return;
        candidates.Enqueue(left, (ulong)rank << 32 | (uint)left);
    }

    private void Merge(int left, ulong priority)
    {
        // A candidate is stale if one of its symbols has been merged since. Each rank belongs to only one pair, so a pair that still has
        // the candidate's rank is the pair that was proposed.
        if (ids[left] == None || next[left] == None) return;
        int right = next[left];
        if (!merges.TryGet(ids[left], ids[right], out int rank, out int merged) || (ulong)rank != priority >> 32) return;
        ids[left] = merged;
        ids[right] = None;
        next[left] = next[right];
        if (next[left] != None) previous[next[left]] = left;
        Propose(previous[left]);
        Propose(left);
    }
}
