namespace VlmSharp.Scale.Tests.S3;

/// <summary>A request of a client.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Bucket">The bucket's name, from the path.</param>
/// <param name="Key">The key; empty for the bucket itself.</param>
/// <param name="Query">The names and values of the query.</param>
internal sealed record S3Request(string Method, string Bucket, string Key, IReadOnlyDictionary<string, string> Query)
{
    /// <summary>Whether it sends a part of an object.</summary>
    public bool IsPart => Query.ContainsKey("partNumber");
}

/// <summary>An answer that is wrong on purpose.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The error code of the service; null to cut the connection in the middle of a right answer.</param>
internal sealed record S3Fault(int Status, string? Code)
{
    public static readonly S3Fault SlowDown = new(503, "SlowDown"), Denied = new(403, "AccessDenied"), Cut = new(200, null);
}
