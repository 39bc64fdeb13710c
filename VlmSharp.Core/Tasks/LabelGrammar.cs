using VlmSharp.Tokenization;

namespace VlmSharp.Tasks;

/// <summary>
/// The text that may follow a box, up to the next box or the end: the label and, before another box, the separator.
/// </summary>
internal interface ILabelGrammar
{
    /// <summary>The state after a box.</summary>
    int Start { get; }

    /// <summary>The state after one more token; -1 if it may not follow.</summary>
    int Next(int state, int id);

    /// <summary>The tokens that may follow, ascending. They include the tokens that end the answer if it may end.</summary>
    ReadOnlySpan<int> Allowed(int state);

    /// <summary>Whether the separator is complete, so that a box must follow.</summary>
    bool IsComplete(int state);
}

/// <summary>
/// Labels from a list, as a trie over their tokens. Training tokenizes the text between two boxes in one piece, so the paths are the tokens
/// of <c>" label"</c>, after which the answer ends, and of <c>" label ; "</c>, after which a box follows.
/// </summary>
internal sealed class LabelTrie : ILabelGrammar
{
    private readonly List<Node> nodes = [new()];

    /// <param name="tokenizer">Splits the labels into tokens.</param>
    /// <param name="labels">The labels, at least one.</param>
    /// <param name="ends">The tokens that end an answer.</param>
    public LabelTrie(ITokenizer tokenizer, IReadOnlyList<string> labels, int[] ends)
    {
        foreach (string label in labels)
        {
            nodes[Add(tokenizer.Encode($" {label}", ControlTokens.AsText))].MayEnd = true;
            nodes[Add(tokenizer.Encode($" {label} ; ", ControlTokens.AsText))].IsComplete = true;
        }

        foreach (Node node in nodes) node.Allowed = [.. node.Children.Keys.Concat(node.MayEnd ? ends : []).Distinct().Order()];
    }

    public int Start => 0;

    public int Next(int state, int id) => nodes[state].Children.GetValueOrDefault(id, -1);

    public ReadOnlySpan<int> Allowed(int state) => nodes[state].Allowed;

    public bool IsComplete(int state) => nodes[state].IsComplete;

    private int Add(int[] path)
    {
        int node = 0;
        foreach (int id in path)
        {
            if (!nodes[node].Children.TryGetValue(id, out int child))
            {
                child = nodes.Count;
                nodes[node].Children.Add(id, child);
                nodes.Add(new Node());
            }

            node = child;
        }

        return node;
    }

    private sealed class Node
    {
        public Dictionary<int, int> Children { get; } = [];

        public bool MayEnd { get; set; }

        public bool IsComplete { get; set; }

        public int[] Allowed { get; set; } = [];
    }
}

/// <summary>
/// Any text as a label, or none: text tokens without <c>;</c>, <c>&lt;</c> and <c>&gt;</c>, then the end, or a semicolon and a space.
/// </summary>
internal sealed class FreeLabel : ILabelGrammar
{
    private const int InLabel = 0, BehindSemicolon = 1, Complete = 2;

    private readonly Dictionary<int, bool> separators = []; // tokens that are a semicolon, and whether they include the space after it
    private readonly int[] text, space; // ids, ascending
    private readonly HashSet<int> plain;

    /// <param name="tokenizer">Says how each token is spelled.</param>
    /// <param name="tokens">Its locations and codes, which are not text.</param>
    /// <param name="ends">The tokens that end an answer.</param>
    public FreeLabel(ITokenizer tokenizer, TaskTokens tokens, int[] ends)
    {
        plain = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.IsSpecial(id) || tokens.LocationOf(id) >= 0 || tokens.SegmentOf(id) >= 0) continue;
            string piece = tokenizer.Piece(id).Replace('\u2581', ' ');
            if (piece.Trim(' ') == ";") separators.Add(id, piece.EndsWith(' '));
            else if (IsPlain(piece)) plain.Add(id);
        }

        text = [.. plain.Concat(separators.Keys).Concat(ends).Distinct().Order()];
        space = tokenizer.IdOf("\u2581") is { } id1 ? [id1] : [];
    }

    public int Start => InLabel;

    public int Next(int state, int id) => state switch
    {
        InLabel when separators.TryGetValue(id, out bool withSpace) => withSpace || space.Length == 0 ? Complete : BehindSemicolon,
        InLabel when plain.Contains(id) => InLabel,
        BehindSemicolon when space.Contains(id) => Complete,
        _ => -1,
    };

    public ReadOnlySpan<int> Allowed(int state) => state == InLabel ? text : space;

    public bool IsComplete(int state) => state == Complete;

    /// <summary>Whether a piece is printable text. Byte pieces are accepted only beyond ASCII.</summary>
    private static bool IsPlain(string piece)
    {
        int value = BytePiece.ValueOf(piece);
        return value >= 0 ? value >= 0x80 : piece.Length > 0 && !piece.AsSpan().ContainsAny(';', '<', '>') && !piece.Any(char.IsControl);
    }
}
