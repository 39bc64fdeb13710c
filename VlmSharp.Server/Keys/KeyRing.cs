using System.Security.Cryptography;
using System.Text;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Keys;

/// <summary>
/// The accepted keys. Only the SHA-256 of a key is kept. The key of a request is hashed and compared with every hash, all 32 bytes of each,
/// even after a match: so the time reveals neither how much of a key was right nor which key it was.
/// </summary>
internal sealed class KeyRing
{
    private const string Scheme = "Bearer ";

    /// <summary>Longer texts cannot be keys, and are not hashed.</summary>
    private const int LongestKey = 512;

    private readonly string[] clients;
    private readonly byte[][] hashes;

    private KeyRing(string[] clients, byte[][] hashes) => (this.clients, this.hashes) = (clients, hashes);

    /// <summary>How many keys there are, at least 1.</summary>
    public int Count => hashes.Length;

    /// <summary>The names of the keys, in their order; two keys may share a name while one replaces the other.</summary>
    public IReadOnlyList<string> Clients => clients;

    /// <summary>Reads keys from what a file or an environment variable holds: one a line, see <see cref="KeyText"/>.</summary>
    /// <param name="text">One key a line.</param>
    /// <param name="source">
    /// What messages call it, for instance the file's path. Messages are for whoever runs the server, and hold no key.
    /// </param>
    /// <param name="warnings">Gets what is allowed and not good: short keys.</param>
    /// <exception cref="KeyFormatException">A line is no key, or there is none.</exception>
    public static KeyRing Parse(string text, string source, ICollection<string>? warnings = null)
    {
        List<KeyText.Line> lines = KeyText.Read(text, source, warnings);
        return Of(lines.Select(line => (line.Client, SHA256.HashData(Encoding.ASCII.GetBytes(line.Key)))), source);
    }

    /// <summary>The keys of both.</summary>
    /// <exception cref="KeyFormatException">A key is in both, for two clients.</exception>
    public KeyRing With(KeyRing other) => Of(clients.Zip(hashes).Concat(other.clients.Zip(other.hashes)), "the keys together");

    /// <summary>Finds the client of a request's key.</summary>
    /// <param name="authorizationHeader">The value of its Authorization header, <c>Bearer KEY</c>; null if it has none.</param>
    /// <param name="client">The key's name; empty if there is none.</param>
    /// <returns>Whether the key is accepted.</returns>
    public bool TryFind(string? authorizationHeader, out string client)
    {
        client = "";
        ReadOnlySpan<char> header = authorizationHeader.AsSpan().Trim(' ');
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        ReadOnlySpan<char> key = header[Scheme.Length..].TrimStart(' ');
        // Hashing text that is not ASCII would make two texts equal.
        if (key.IsEmpty || key.Length > LongestKey || !Ascii.IsValid(key)) return false;

        Span<byte> bytes = stackalloc byte[LongestKey], hash = stackalloc byte[SHA256.HashSizeInBytes];
        int length = Encoding.ASCII.GetBytes(key, bytes);
        SHA256.HashData(bytes[..length], hash);
        CryptographicOperations.ZeroMemory(bytes);
        int found = -1;
        for (int i = 0; i < hashes.Length; i++)
        {
            // Without a branch: all bits are ones if the key is this one.
            int same = -Convert.ToInt32(CryptographicOperations.FixedTimeEquals(hash, hashes[i]));
            found = found & ~same | i & same;
        }
        if (found < 0) return false;
        client = clients[found];
        return true;
    }

    /// <summary>
    /// The answer to a request without a valid key: 401, with the same text whatever was wrong with the key. The answer also needs the
    /// header
    /// <c>WWW-Authenticate: Bearer</c>.
    /// </summary>
    /// <param name="brought">Whether the request had a key.</param>
    public static ApiException Refusal(bool brought) => new(401, "invalid_request_error", "invalid_api_key", brought
        ? "The API key is not one of this server's; send one that is, as 'Authorization: Bearer KEY'."
        : "This server needs an API key; send one as 'Authorization: Bearer KEY'.");

    private static KeyRing Of(IEnumerable<(string Client, byte[] Hash)> keys, string source)
    {
        // From a hash to the position of its key. The error names positions and not clients, because a colon in a key turns its beginning
        // into a name.
        var seen = new Dictionary<string, int>();
        var unique = new List<(string Client, byte[] Hash)>();
        foreach ((string client, byte[] hash) in keys)
        {
            string text = Convert.ToHexString(hash);
            if (seen.TryAdd(text, unique.Count)) unique.Add((client, hash));
            else if (unique[seen[text]].Client != client)
            {
                throw new KeyFormatException(
                    $"{source}: the key of place {seen[text] + 1} comes again under another name; give each name keys of its own.");
            }
        }
        return new KeyRing([.. unique.Select(key => key.Client)], [.. unique.Select(key => key.Hash)]);
    }
}
