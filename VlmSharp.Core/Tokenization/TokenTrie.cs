namespace VlmSharp.Tokenization;

/// <summary>
/// The tokens that are matched in raw text before any merging, as a trie over their UTF-8 bytes. The cost of a match is at most the length
/// of the longest token, so finding all of them takes time linear in the text.
/// </summary>
internal sealed class TokenTrie
{
    private readonly List<int> ids = [-1]; // per node: the token that ends there, or -1
    private readonly Dictionary<long, int> edges = [];
    private readonly bool[] begins = new bool[256];

    /// <summary>Adds a token.</summary>
    public void Add(ReadOnlySpan<byte> token, int id)
    {
        begins[token[0]] = true;
        int node = 0;
        foreach (byte b in token)
        {
            long edge = (long)node << 8 | b;
            if (!edges.TryGetValue(edge, out int child))
            {
                child = ids.Count;
                edges.Add(edge, child);
                ids.Add(-1);
            }
            node = child;
        }
        ids[node] = id;
    }

    /// <summary>The longest token at the start of a text.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="id">Receives the token's id; -1 if there is none.</param>
    /// <returns>Its length in bytes, 0 if there is none.</returns>
    public int Match(ReadOnlySpan<byte> text, out int id)
    {
        id = -1;
        if (text.IsEmpty || !begins[text[0]]) return 0;
        int node = 0;
        int length = 0;
        for (int i = 0; i < text.Length && edges.TryGetValue((long)node << 8 | text[i], out node); i++)
        {
            if (ids[node] < 0) continue;
            id = ids[node];
            length = i + 1;
        }
        return length;
    }
}
