using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace VlmSharp.Conformance;

/// <summary>
/// The golden vocabulary in the tokenizers of Microsoft.ML.Tokenizers. Its byte-pair encoder merges, and what tokenizer.json says beside
/// merges is done here: added tokens are cut out of the text, a space is U+2581, a character without a piece is bytes.
/// </summary>
public sealed class TokenizerPeer
{
    private readonly BpeTokenizer merging;
    private readonly Dictionary<string, int> vocabulary;
    private readonly Dictionary<string, int> added; // longest first: the library's SentencePiece takes the first that fits
    private readonly Regex cut;

    /// <summary>Reads the vocabulary.</summary>
    public TokenizerPeer()
    {
        using JsonDocument file = JsonDocument.Parse(TokenizerGoldens.ModelFile("tokenizer.json"));
        JsonElement model = file.RootElement.GetProperty("model");
        vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(piece => piece.Name, piece => piece.Value.GetInt32());
        var tokens = file.RootElement.GetProperty("added_tokens").EnumerateArray()
            .ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32());
        // What PaliGemma's processor adds: places, segments, and the picture's placeholder behind all other ids.
        for (int i = 0; i < 1024; i++) tokens.TryAdd($"<loc{i:D4}>", vocabulary[$"<loc{i:D4}>"]);
        for (int i = 0; i < 128; i++) tokens.TryAdd($"<seg{i:D3}>", vocabulary[$"<seg{i:D3}>"]);
        tokens.TryAdd("<image>", vocabulary.Values.Max() + 1);
        added = new(tokens.OrderByDescending(token => token.Key.Length));
        cut = new Regex(string.Join('|', added.Keys.Select(Regex.Escape)), RegexOptions.CultureInvariant);
        string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(Pair)];
        merging = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges });
    }

    /// <summary>The tokenizer of tokenizer.model, as the library reads it.</summary>
    public SentencePieceTokenizer SentencePiece() => SentencePieceTokenizer.Create(
        new MemoryStream(TokenizerGoldens.ModelFile("tokenizer.model")), addBeginningOfSentence: false, addEndOfSentence: false, added);

    /// <summary>The ids of a text, added tokens counting as such.</summary>
    public List<int> Encode(string text)
    {
        var ids = new List<int>();
        int at = 0;
        foreach (Match token in cut.Matches(text))
        {
            Merge(text[at..token.Index], ids);
            ids.Add(added[token.Value]);
            at = token.Index + token.Length;
        }
        Merge(text[at..], ids);
        return ids;
    }

    private void Merge(string text, List<int> ids)
    {
        var known = new StringBuilder();
        foreach (Rune character in text.EnumerateRunes())
        {
            string piece = character.Value == ' ' ? "\u2581" : character.ToString();
            if (vocabulary.ContainsKey(piece))
            {
                known.Append(piece);
                continue;
            }
            End();
            ids.AddRange(Encoding.UTF8.GetBytes(piece).Select(b => vocabulary[$"<0x{b:X2}>"]));
        }
        End();

        void End()
        {
            if (known.Length > 0) ids.AddRange(merging.EncodeToIds(known.ToString(), considerPreTokenization: false));
            known.Clear();
        }
    }

    // "a b", or ["a", "b"] as later versions write it.
    private static string Pair(JsonElement merge) =>
        merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}";
}
