using System.Text.Json;
using VlmSharp.Imaging;

namespace VlmSharp.Tokenization;

/// <summary>
/// Finds the tokenizer of a model folder: <c>tokenizer.json</c>, or else <c>tokenizer.model</c>, with <c>added_tokens.json</c> if it
/// exists. Files above 128 MiB are refused without reading them.
/// </summary>
public static class TokenizerLoader
{
    /// <summary>Loads the tokenizer of a model folder.</summary>
    /// <param name="directory">Holds <c>tokenizer.json</c> or <c>tokenizer.model</c>; the first is preferred.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">There is none, or its file is unreadable, damaged or of another kind.</exception>
    public static ITokenizer Load(string directory) =>
        TryLoad(directory) ?? throw new TokenizerFormatException(
            $"{directory} holds neither tokenizer.json nor tokenizer.model; copy one of them there from where the model came from.");

    /// <summary>Loads the tokenizer of a model folder if there is one.</summary>
    /// <param name="directory">Holds <c>tokenizer.json</c> or <c>tokenizer.model</c>, or neither.</param>
    /// <returns>The tokenizer, or null if the folder has no tokenizer file.</returns>
    /// <exception cref="TokenizerFormatException">The file is unreadable, damaged or of another kind.</exception>
    public static ITokenizer? TryLoad(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        string json = Path.Combine(directory, "tokenizer.json");
        if (File.Exists(json)) return GemmaTokenizer.FromJson(ReadFile(json), json, ReadAddedTokens(directory));
        string model = Path.Combine(directory, "tokenizer.model");
        if (File.Exists(model)) return GemmaTokenizer.FromSentencePiece(ReadFile(model), model, ReadAddedTokens(directory));
        return null;
    }

    /// <summary>Reads added_tokens.json, an object that maps tokens to ids.</summary>
    internal static List<KeyValuePair<string, int>> ParseAddedTokens(byte[] file, string fileName)
    {
        var tokens = new List<KeyValuePair<string, int>>();
        try
        {
            using JsonDocument document = JsonDocument.Parse(file.AsMemory(file.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0));
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw TokenizerErrors.Damaged(fileName, "it is no JSON object");
            foreach (JsonProperty token in document.RootElement.EnumerateObject())
            {
                if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id))
                    throw TokenizerErrors.Damaged(fileName, $"the id of {MessageText.Quote(token.Name)} is no whole number");
                tokens.Add(new(token.Name, id));
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The reader throws InvalidOperationException for a string that is not valid Unicode.
            throw TokenizerErrors.Damaged(fileName, "it is no JSON", error);
        }
        return tokens;
    }

    private static List<KeyValuePair<string, int>> ReadAddedTokens(string directory)
    {
        string path = Path.Combine(directory, "added_tokens.json");
        return File.Exists(path) ? ParseAddedTokens(ReadFile(path), path) : [];
    }

    private static byte[] ReadFile(string path) =>
        BoundedFile.Read(path, TokenizerLimits.FileBytes, (what, e) =>
            new TokenizerFormatException($"{path} {what}; copy it again from where the model came from.", e));
}
