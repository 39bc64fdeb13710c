namespace VlmSharp.Hub;

/// <summary>An access token. Its text is sent only to the hub; as a string it shows only its source.</summary>
public sealed class HubToken
{
    private const int MostCharacters = 1024;

    private HubToken(string text, string source) => (Text, Source) = (text, source);

    /// <summary>Where it came from: a variable's name, or a file's path.</summary>
    public string Source { get; }

    internal string Text { get; }

    /// <summary>A token from its text.</summary>
    /// <param name="text">The text; surrounding white space is ignored.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <returns>The token, or null if the text is empty.</returns>
    /// <exception cref="HubException">The text cannot be a token (<see cref="HubErrorKind.TokenRefused"/>).</exception>
    public static HubToken? From(string? text, string source)
    {
        string trimmed = text?.Trim() ?? "";
        if (trimmed.Length == 0) return null;
        // A text that is not a valid header value would later be refused with an error that shows name and value.
        return trimmed.Length <= MostCharacters && trimmed.All(c => c is > ' ' and < '\u007f')
            ? new HubToken(trimmed, source)
            : throw HubErrors.ImpossibleToken(source);
    }

    /// <summary>A token from the first line of a file.</summary>
    /// <param name="path">A text file; only its first few kilobytes are read.</param>
    /// <returns>The token, or null if the file is empty.</returns>
    /// <exception cref="HubException">The text cannot be a token (<see cref="HubErrorKind.TokenRefused"/>).</exception>
    /// <exception cref="IOException">The file cannot be read; the message says why.</exception>
    public static HubToken? Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var buffer = new char[(4 * MostCharacters) + 1]; // a larger file does not hold a token
        return From(new string(buffer, 0, Read(path, buffer)), path);
    }

    private static int Read(string path, char[] buffer)
    {
        const string Advice = "give a file with a token in its first line.";
        try
        {
            if (Directory.Exists(path)) throw new IOException($"{path} is a folder: {Advice}");
            using var reader = new StreamReader(path);
            return reader.ReadBlock(buffer);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"{path} does not exist: {Advice}", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{path} may not be read by this user: allow it, or {Advice}", e);
        }
    }

    /// <summary>The source of the token, never its text.</summary>
    public override string ToString() => $"token from {Source}";
}
