namespace VlmSharp.Server.Protocol;

/// <summary>A picture as it was sent: a file, or a URI that stands in a body.</summary>
/// <param name="Source">The file, or the body.</param>
/// <param name="Uri">Where in the body the URI stands; null of a file.</param>
internal readonly record struct GivenPicture(ReadOnlyMemory<byte> Source, JsonString? Uri)
{
    /// <summary>The picture's file, if it was sent: it has no <see cref="Address"/>.</summary>
    /// <param name="most">The most bytes of a picture.</param>
    public ReadOnlyMemory<byte> Bytes(int most) => Uri is { } uri ? uri.DataBytes(Source.Span, most) : Source;

    /// <summary>The address to fetch it from; null if the picture itself was sent.</summary>
    public string? Address() => Uri?.Address(Source.Span);
}
