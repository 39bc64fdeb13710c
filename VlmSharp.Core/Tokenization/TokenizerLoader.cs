namespace VlmSharp.Tokenization;

/// <summary>Finds and reads the tokenizer of a model folder.</summary>
public static class TokenizerLoader
{
    /// <summary>The names that are looked for, in this order.</summary>
    private const string Json = "tokenizer.json", Model = "tokenizer.model";

    /// <summary>Reads tokenizer.json, or tokenizer.model where that is absent.</summary>
    /// <param name="directory">The model folder.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">There is none, or it is damaged.</exception>
    public static ITokenizer Load(string directory) => TryLoad(directory)
        ?? throw new TokenizerFormatException($"{directory} has no {Json} or {Model}: copy one of them from where the model came from.");

    /// <summary>The same, but a folder without a tokenizer is no error.</summary>
    /// <param name="directory">The model folder.</param>
    /// <returns>The tokenizer, or null if there is none.</returns>
    /// <exception cref="TokenizerFormatException">It is damaged.</exception>
    public static ITokenizer? TryLoad(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string json = Path.Combine(directory, Json), model = Path.Combine(directory, Model);
        if (File.Exists(json)) return FromJson(ReadBounded(json), json);
        if (File.Exists(model)) return FromModel(ReadBounded(model), model);
        return null;
    }

    /// <summary>Reads the bytes of a tokenizer.json.</summary>
    /// <param name="json">The file.</param>
    /// <param name="fileName">Its name, for messages.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">It is damaged or of another kind.</exception>
    public static ITokenizer FromJson(ReadOnlySpan<byte> json, string fileName) => new GemmaTokenizer(TokenizerJsonReader.Read(json, fileName));

    /// <summary>Reads the bytes of a tokenizer.model.</summary>
    /// <param name="protobuf">The file.</param>
    /// <param name="fileName">Its name, for messages.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">It is damaged or of another kind.</exception>
    public static ITokenizer FromModel(ReadOnlySpan<byte> protobuf, string fileName) => new GemmaTokenizer(SentencePieceReader.Read(protobuf, fileName));

    private static byte[] ReadBounded(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > TokenizerLimits.FileBytes)
            throw TokenizerErrors.Unusable(path, $"has {length} bytes; a tokenizer has at most {TokenizerLimits.FileBytes}");
        return File.ReadAllBytes(path);
    }
}
