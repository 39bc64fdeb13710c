using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// Gemma's tokenizer with PaliGemma's additions: SentencePiece byte-pair encoding with byte fallback, no normalisation
/// but the spelling of spaces as U+2581, no dummy prefix. Immutable.
/// </summary>
internal sealed class GemmaTokenizer : ITokenizer
{
    private static readonly byte[] Space = "\u2581"u8.ToArray();

    private readonly Vocabulary vocabulary;
    private readonly BytePairEncoder encoder;

    public GemmaTokenizer(Vocabulary vocabulary)
    {
        this.vocabulary = vocabulary;
        encoder = new BytePairEncoder(vocabulary);
        (BosId, EosId, PadId, UnknownId, ImageId) = (Control("<bos>"), Control("<eos>"), Control("<pad>"), Control("<unk>"), Control("<image>"));

        int Control(string name) => vocabulary.IdOf(name) ?? throw new InvalidOperationException($"{name} is missing.");
    }

    public int VocabularySize => vocabulary.Pieces.Count;

    public int BosId { get; }

    public int EosId { get; }

    public int PadId { get; }

    public int UnknownId { get; }

    public int ImageId { get; }

    public int[] Encode(string text, ControlTokens mode)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] utf8 = Encoding.UTF8.GetBytes(text); // a lone surrogate becomes U+FFFD
        TokenTrie atoms = mode == ControlTokens.Honour ? vocabulary.Trusted : vocabulary.Untrusted;
        var ids = new List<int>(utf8.Length / 3 + 1);
        int start = 0;
        for (int at = 0; at < utf8.Length;)
        {
            int length = atoms.Match(utf8.AsSpan(at), out int id);
            if (length == 0)
            {
                at++;
                continue;
            }

            EncodeFragment(utf8.AsSpan(start..at), ids);
            ids.Add(id);
            start = at += length;
        }

        EncodeFragment(utf8.AsSpan(start), ids);
        return [.. ids];
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(this, skipSpecial);
        var text = new StringBuilder();
        foreach (int id in ids) text.Append(decoder.Append(id));
        return text.Append(decoder.Flush()).ToString();
    }

    public string Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return Encoding.UTF8.GetString(vocabulary.Pieces[id]);
    }

    public int? IdOf(string token) => vocabulary.IdOf(token);

    public bool IsSpecial(int id) => vocabulary.IsSpecial(id);

    public int ByteOf(int id) => (uint)id < (uint)VocabularySize ? vocabulary.ByteOf(id) : -1;

    private void EncodeFragment(ReadOnlySpan<byte> fragment, List<int> ids)
    {
        int spaces = fragment.Count((byte)' ');
        if (spaces == 0)
        {
            encoder.Encode(fragment, ids);
            return;
        }

        byte[] spelled = new byte[fragment.Length + spaces * (Space.Length - 1)];
        int at = 0;
        foreach (byte b in fragment)
        {
            if (b != ' ')
            {
                spelled[at++] = b;
                continue;
            }

            Space.CopyTo(spelled, at);
            at += Space.Length;
        }

        encoder.Encode(spelled, ids);
    }
}
