using System.Buffers.Binary;
using System.Security.Cryptography;
using VlmSharp.Adapters;
using VlmSharp.Imaging;

namespace VlmSharp.Generation;

/// <summary>Identifies a picture by the SHA-256 of the pixels that the encoder gets.</summary>
internal readonly record struct PictureKey(UInt128 High, UInt128 Low)
{
    /// <summary>The adapter that changes the encoder, or null if none does.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>The key of a picture that has the model's size.</summary>
    /// <param name="image">S x S pixels.</param>
    public static PictureKey Of(RgbImage image)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(image.Pixels, hash);
        return new PictureKey(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }
}
