using System.Globalization;
using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>What both tokenizer files amount to: pieces, merges, and the tokens that are matched before any merging.</summary>
internal sealed class Vocabulary
{
    private static readonly string[] ControlNames = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"];
    private static readonly string[] TurnMarkers = ["<start_of_turn>", "<end_of_turn>"];

    private readonly HashSet<int> control = [], special = [];
    private readonly int[] byteOf; // per id: the byte that a byte piece stands for, or -1

    /// <summary>Completes what a file holds with what the PaliGemma processor adds.</summary>
    /// <param name="fileName">For the messages of errors.</param>
    /// <param name="pieces">The file's pieces; missing location, segmentation and image tokens are added to them.</param>
    /// <param name="merges">The merges, by piece id.</param>
    /// <param name="atoms">Ids of the tokens that the file wants matched whole.</param>
    /// <param name="declaredSpecial">Ids that the file declares special.</param>
    public Vocabulary(string fileName, PieceTable pieces, MergeTable merges, IEnumerable<int> atoms, IEnumerable<int> declaredSpecial)
    {
        (Pieces, Merges) = (pieces, merges);
        int[] fromFile = [.. atoms];
        List<int> added = AddProcessorTokens(fileName);
        special.UnionWith(declaredSpecial);
        foreach (string name in TurnMarkers.Concat(ControlNames)) special.Add(IdOf(name) ?? special.FirstOrDefault());
        control.UnionWith(special);
        control.ExceptWith(TurnMarkers.Select(name => IdOf(name) ?? -1));
        foreach (string name in ControlNames)
            if (IdOf(name) is null) throw TokenizerErrors.Unusable(fileName, $"has no token {name}");

        int[] all = [.. fromFile.Concat(added).Concat(control).Distinct()];
        if (all.Sum(id => (long)pieces[id].Length) > TokenizerLimits.AtomBytes)
            throw TokenizerErrors.Unusable(fileName, $"declares more than {TokenizerLimits.AtomBytes} bytes of added tokens");
        foreach (int id in all)
        {
            Trusted.Add(pieces[id], id);
            if (!control.Contains(id)) Untrusted.Add(pieces[id], id);
        }

        ByteIds = FindByteIds(fileName);
        byteOf = new int[pieces.Count];
        Array.Fill(byteOf, -1);
        for (int b = 0; b < 256; b++)
            if (pieces[ByteIds[b]].Length == 6) byteOf[ByteIds[b]] = b;
    }

    /// <summary>The pieces by id, and ids by piece.</summary>
    public PieceTable Pieces { get; }

    /// <summary>The merges.</summary>
    public MergeTable Merges { get; }

    /// <summary>Tokens matched whole when control tokens are honoured.</summary>
    public TokenTrie Trusted { get; } = new();

    /// <summary>Tokens matched whole when control tokens are text.</summary>
    public TokenTrie Untrusted { get; } = new();

    /// <summary>The piece of each byte, for characters that the vocabulary lacks.</summary>
    public int[] ByteIds { get; }

    /// <summary>The byte that a byte piece stands for, or -1.</summary>
    public int ByteOf(int id) => byteOf[id];

    /// <summary>Whether a token steers the model and is no part of what it says.</summary>
    public bool IsSpecial(int id) => special.Contains(id);

    /// <summary>The id of a piece, or null.</summary>
    public int? IdOf(string piece) => Pieces.Find(Encoding.UTF8.GetBytes(piece)) is >= 0 and int id ? id : null;

    /// <summary>
    /// The processor's own tokens, which it matches whole and appends to a vocabulary that lacks them, in this order:
    /// <c>&lt;image&gt;</c>, <c>&lt;loc0000&gt;</c> to <c>&lt;loc1023&gt;</c>, <c>&lt;seg000&gt;</c> to <c>&lt;seg127&gt;</c>.
    /// </summary>
    private List<int> AddProcessorTokens(string fileName)
    {
        var ids = new List<int>(1 + 1024 + 128);
        Append("<image>");
        for (int i = 0; i < 1024; i++) Append(string.Create(CultureInfo.InvariantCulture, $"<loc{i:D4}>"));
        for (int i = 0; i < 128; i++) Append(string.Create(CultureInfo.InvariantCulture, $"<seg{i:D3}>"));
        return ids;

        void Append(string token)
        {
            if (IdOf(token) is int known)
            {
                ids.Add(known);
                return;
            }

            ids.Add(Pieces.Count);
            if (Pieces.Add(Pieces.Count, Encoding.UTF8.GetBytes(token)) is { } wrong) throw TokenizerErrors.Unusable(fileName, wrong);
        }
    }

    private int[] FindByteIds(string fileName)
    {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++)
        {
            int id = Pieces.Find(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>")));
            // Gemma's tokenizer.json spells the piece of the tab as the tab itself.
            if (id < 0 && b < 128) id = Pieces.Find([(byte)b]);
            ids[b] = id >= 0 ? id : throw TokenizerErrors.Unusable(fileName, $"has no piece for the byte 0x{b:X2}");
        }

        return ids;
    }
}
