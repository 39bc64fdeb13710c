using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016) of one fragment of text: start with its characters, then merge the
/// adjacent pair of lowest rank, of equal ones the leftmost, until none merges. Characters that the vocabulary lacks are
/// their UTF-8 bytes (Kudo and Richardson 2018, byte fallback).
/// </summary>
/// <remarks>
/// The symbols are a linked list over arrays and the candidate pairs a heap, so n characters take O(n log n): each merge
/// removes a symbol and adds two candidates at most. A candidate whose symbols have changed since is dropped when it surfaces.
/// </remarks>
internal sealed class BytePairEncoder(Vocabulary vocabulary)
{
    private readonly record struct Candidate(int Left, int Right, int LeftId, int RightId, int Merged);

    /// <summary>Appends the ids of a fragment.</summary>
    /// <param name="text">UTF-8, spaces spelled U+2581.</param>
    /// <param name="output">Receives the ids.</param>
    public void Encode(ReadOnlySpan<byte> text, List<int> output)
    {
        if (text.IsEmpty) return;
        int[] ids = new int[text.Length], next = new int[text.Length], previous = new int[text.Length];
        int count = Characters(text, ids);
        for (int i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);

        var heap = new PriorityQueue<Candidate, ulong>();
        for (int i = 0; i + 1 < count; i++) Push(heap, ids, i, i + 1);
        while (heap.TryDequeue(out Candidate pair, out _))
        {
            if (ids[pair.Left] != pair.LeftId || ids[pair.Right] != pair.RightId || next[pair.Left] != pair.Right) continue;
            ids[pair.Left] = pair.Merged;
            ids[pair.Right] = -1; // gone
            int after = next[pair.Left] = next[pair.Right];
            if (after >= 0)
            {
                previous[after] = pair.Left;
                Push(heap, ids, pair.Left, after);
            }

            if (previous[pair.Left] >= 0) Push(heap, ids, previous[pair.Left], pair.Left);
        }

        for (int i = 0; i >= 0; i = next[i]) output.Add(ids[i]);
    }

    private void Push(PriorityQueue<Candidate, ulong> heap, int[] ids, int left, int right)
    {
        if (vocabulary.Merges.TryGet(ids[left], ids[right], out int rank, out int merged))
            heap.Enqueue(new Candidate(left, right, ids[left], ids[right], merged), ((ulong)(uint)rank << 32) | (uint)left);
    }

    private int Characters(ReadOnlySpan<byte> text, int[] ids)
    {
        int count = 0;
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out _, out int length);
            int id = vocabulary.Pieces.Find(text[..length]);
            if (id >= 0) ids[count++] = id;
            else foreach (byte b in text[..length]) ids[count++] = vocabulary.ByteIds[b];
            text = text[length..];
        }

        return count;
    }
}
