namespace VlmSharp.Tokenization;

/// <summary>The messages of <see cref="TokenizerFormatException"/>: the file, what is wrong, and what to do.</summary>
internal static class TokenizerErrors
{
    /// <summary>The bytes do not follow the format.</summary>
    public static TokenizerFormatException Damaged(string fileName, string what, Exception? inner = null) =>
        new($"{fileName} is damaged ({what}); copy it again from where the model came from.", inner);

    /// <summary>The bytes are well formed but ask for something that this tokenizer does not do.</summary>
    public static TokenizerFormatException Unusable(string fileName, string what) =>
        new($"{fileName} {what}; use the tokenizer files that came with the PaliGemma model.");
}
