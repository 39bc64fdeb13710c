using System.Security.Cryptography;
using VlmSharp.Imaging;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>What a request's picture is.</summary>
#pragma warning disable CA1822 // the same members with fetching have state
internal sealed class PictureSource
{
    /// <summary>Reads a picture by its address.</summary>
    public Task<ReadPicture> ReadAsync(string urlOrDataUri, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        throw ApiException.Invalid("The picture is given by an address, and this server fetches none: send its bytes as a data URI.", "image_url", "image_url_not_allowed");
    }

    /// <summary>Decodes a picture.</summary>
    /// <param name="bytes">Its file.</param>
    /// <param name="name">What messages call it.</param>
    public ReadPicture Decode(ReadOnlyMemory<byte> bytes, string name) =>
        new(ImageFile.Decode(bytes.Span, name), bytes.Length, "", Convert.ToHexStringLower(SHA256.HashData(bytes.Span)));
}
