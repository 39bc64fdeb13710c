namespace VlmSharp.Scale.Tests.S3;

/// <summary>What a client asks for.</summary>
/// <param name="Method">GET and so on.</param>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key; empty where the bucket is meant.</param>
/// <param name="Query">The query's names and values.</param>
internal sealed record S3Request(string Method, string Bucket, string Key, IReadOnlyDictionary<string, string> Query)
{
    /// <summary>Whether it sends a part of an object.</summary>
    public bool IsPart => Query.ContainsKey("partNumber");
}

/// <summary>An answer that is wrong on purpose.</summary>
/// <param name="Status">The status.</param>
/// <param name="Code">The service's word for it; null where the connection is cut in the middle of a right answer.</param>
internal sealed record S3Fault(int Status, string? Code)
{
    public static readonly S3Fault SlowDown = new(503, "SlowDown"), Denied = new(403, "AccessDenied"), Cut = new(200, null);
}
