using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Hub.Tests.Server;

#pragma warning disable CA5350 // git's names of blobs are SHA-1

/// <summary>A file of a repository, in git or in LFS. LFS files are on the second server under their SHA-256.</summary>
internal sealed class FakeFile(string name, byte[] content, bool isLarge)
{
    public string Name => name;

    public byte[] Content => content;

    public bool IsLarge => isLarge;

    /// <summary>The hash that the hub reports.</summary>
    public string ETag { get; } = isLarge
        ? Convert.ToHexStringLower(SHA256.HashData(content))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    /// <summary>Bytes that are the same each time and different for each file.</summary>
    public static byte[] Random(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
