using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Hub;

/// <summary>
/// The hash under which the hub stores a file: SHA-256 of its bytes, or git's SHA-1 of "blob SIZE\0" and its bytes. The length of the ETag
/// says which.
/// </summary>
internal sealed class BlobHash : IDisposable
{
    private const int Sha256Digits = 64;

    private readonly IncrementalHash hash;
    private readonly string etag;

    public BlobHash(string etag, long size)
    {
        this.etag = etag;
        IsSha256 = etag.Length == Sha256Digits;
        hash = IncrementalHash.CreateHash(IsSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!IsSha256) hash.AppendData(Encoding.ASCII.GetBytes($"blob {size}\0"));
    }

    private bool IsSha256 { get; }

    /// <summary>The name of the hash in messages.</summary>
    public string Name => IsSha256 ? "SHA-256" : "git hash";

    /// <summary>Adds bytes in the order of the file.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

    /// <summary>Whether the hash equals the ETag.</summary>
    public bool IsRight() => Convert.ToHexStringLower(hash.GetHashAndReset()) == etag;

    public void Dispose() => hash.Dispose();
}
