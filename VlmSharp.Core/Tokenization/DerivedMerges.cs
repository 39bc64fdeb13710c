namespace VlmSharp.Tokenization;

/// <summary>
/// Derives merges from a SentencePiece vocabulary, which has scores instead: every split of a piece into two pieces is a merge, in order of
/// the piece's score. Among equal scores the longer left half goes first, then the longer right half, then the smaller id. This is the
/// order of tokenizer.json, so both files give the same ids.
/// </summary>
internal static class DerivedMerges
{
    /// <summary>Derives the merges.</summary>
    /// <param name="pieces">The vocabulary: id i is piece i.</param>
    /// <param name="scores">The score of each id; finite.</param>
    /// <param name="isMergeable">Whether a merge may produce this id. Ranks count the other merges too.</param>
    /// <param name="fileName">For the error message.</param>
    /// <returns>The table.</returns>
    /// <exception cref="TokenizerFormatException">There are too many.</exception>
    public static MergeTable From(PieceTable pieces, float[] scores, Func<int, bool> isMergeable, string fileName)
    {
        int[] scoreRanks = DenseRanks(scores);
        var keys = new List<ulong>(pieces.Count * 2);
        var pairs = new List<(int Left, int Right)>(pieces.Count * 2);
        for (int id = 0; id < pieces.Count; id++)
        {
            AddSplits(pieces, id, scoreRanks[id], keys, pairs);
            if (keys.Count > TokenizerLimits.Merges)
                throw TokenizerErrors.Unusable(fileName, $"implies more than {TokenizerLimits.Merges} merges");
        }

        ulong[] order = [.. keys];
        (int Left, int Right)[] sorted = [.. pairs];
        Array.Sort(order, sorted);
        var table = new MergeTable(order.Length);
        for (int rank = 0; rank < order.Length; rank++)
        {
            int merged = (int)(order[rank] & (TokenizerLimits.Pieces - 1));
            if (isMergeable(merged)) table.Add(sorted[rank].Left, sorted[rank].Right, rank, merged);
        }
        return table;
    }

    private static void AddSplits(PieceTable pieces, int id, int scoreRank, List<ulong> keys, List<(int, int)> pairs)
    {
        ReadOnlySpan<byte> piece = pieces[id];
        int characters = CharactersIn(piece);
        int leftCharacters = 0;
        for (int at = 1; at < piece.Length; at++)
        {
            if (IsContinuation(piece[at])) continue;
            leftCharacters++;
            int left = pieces.Find(piece[..at]);
            if (left < 0) continue;
            int right = pieces.Find(piece[at..]);
            if (right < 0) continue;
            // Ascending keys give the order of the merges: 20 bits of score, 10 + 10 of length, 20 of id.
            ulong lengths = (ulong)(1023 - leftCharacters) << 10 | (uint)(1023 - (characters - leftCharacters));
            keys.Add((ulong)scoreRank << 40 | lengths << 20 | (uint)id);
            pairs.Add((left, right));
        }
    }

    // 0 for the best score; equal scores share a rank.
    private static int[] DenseRanks(float[] scores)
    {
        float[] distinct = [.. scores];
        Array.Sort(distinct);
        int count = 0;
        for (int i = 0; i < distinct.Length; i++)
        {
            if (i == 0 || distinct[i] != distinct[i - 1]) distinct[count++] = distinct[i];
        }
        var ranks = new int[scores.Length];
        for (int i = 0; i < ranks.Length; i++) ranks[i] = count - 1 - Array.BinarySearch(distinct, 0, count, scores[i]);
        return ranks;
    }

    private static int CharactersIn(ReadOnlySpan<byte> utf8)
    {
        int count = 0;
        foreach (byte b in utf8)
        {
            if (!IsContinuation(b)) count++;
        }
        return count;
    }

    private static bool IsContinuation(byte b) => (b & 0xC0) == 0x80;
}
