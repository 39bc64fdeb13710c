namespace VlmSharp.Server.Protocol;

/// <summary>A picture as it was sent: a file, or a URI that stands in a body.</summary>
/// <param name="Source">The file, or the body.</param>
/// <param name="Uri">Where in the body the URI stands; null of a file.</param>
internal readonly record struct GivenPicture(ReadOnlyMemory<byte> Source, JsonString? Uri)
{
    /// <summary>The picture's file; null where the URI is an address from which it would have to be fetched.</summary>
    /// <param name="most">The most bytes of a picture.</param>
    public ReadOnlyMemory<byte>? Bytes(int most) => Uri is not { } uri ? Source : uri.DataBytes(Source.Span, most) is { } bytes ? bytes : null;

    /// <summary>The address to fetch it from.</summary>
    public string Address() => Uri!.Value.Address(Source.Span);
}
