using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Scale.Tests.S3;

/// <summary>
/// AWS Signature Version 4 as a service checks it ("Authenticating Requests (AWS Signature Version 4)", Amazon S3 API reference).
/// </summary>
/// <param name="accessKey">The access key id.</param>
/// <param name="secret">The secret key.</param>
internal sealed class S3Signature(string accessKey, string secret)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private static readonly string EmptyHash = Convert.ToHexStringLower(SHA256.HashData([]));

    private byte[] key = [];
    private string scope = "", time = "", last = "";

    /// <summary>Checks the signature of a request.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">Path and query as sent.</param>
    /// <param name="header">Gets the value of a header by its lower-case name, or null.</param>
    /// <param name="now">The time, UTC.</param>
    /// <returns>An error code of S3; null if the signature is right.</returns>
    public string? Check(string method, string target, Func<string, string?> header, DateTime now)
    {
        if (header("authorization") is not { } authorization || !authorization.StartsWith(Algorithm, StringComparison.Ordinal))
            return "AccessDenied";
        Dictionary<string, string> parts =
            authorization[(Algorithm.Length + 1)..].Split(',').Select(p => p.Trim().Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        string[] credential = parts["Credential"].Split('/'); // name/20261128/region/s3/aws4_request
        if (credential[0] != accessKey) return "InvalidAccessKeyId";
        scope = string.Join('/', credential[1..]);
        time = header("x-amz-date")!;
        if (Math.Abs(
            (
                DateTime.ParseExact(
                    time,
                    "yyyyMMdd'T'HHmmss'Z'",
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal) - now).TotalMinutes) > 15)
            return "RequestTimeTooSkewed";
        string[] signed = parts["SignedHeaders"].Split(';');
        if (!signed.Contains("host") || !signed.Contains("x-amz-content-sha256")) return "SignatureDoesNotMatch";
        string[] url = target.Split('?', 2);
        string canonical = string.Join('\n',
        [
            method, Encode(Uri.UnescapeDataString(url[0]), keepSlash: true), Query(url.Length > 1 ? url[1] : ""),
            .. signed.Select(name => $"{name}:{string.Join(' ', (header(name) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))}"),
            "",
            parts["SignedHeaders"],
            header("x-amz-content-sha256")!,
        ]);
        key = credential[1..].Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), Hmac);
        last = Sign($"{Algorithm}\n{time}\n{scope}\n{Hash(canonical)}");
        return parts["Signature"] == last ? null : "SignatureDoesNotMatch";
    }

    /// <summary>Checks the signature of a chunk, which continues that of the previous chunk.</summary>
    public bool CheckChunk(byte[] chunk, string signature) =>
        (last = Sign(
            $"{Algorithm}-PAYLOAD\n{time}\n{scope}\n{last}\n{EmptyHash}\n{Convert.ToHexStringLower(SHA256.HashData(chunk))}")) == signature;

    /// <summary>Checks the signature of the trailers after the last chunk.</summary>
    /// <param name="trailers">The trailers, each "name:value" and an end of line.</param>
    /// <param name="signature">The signature of the trailers.</param>
    public bool CheckTrailers(string trailers, string signature) =>
        Sign($"{Algorithm}-TRAILER\n{time}\n{scope}\n{last}\n{Hash(trailers)}") == signature;

    private string Sign(string text) => Convert.ToHexStringLower(Hmac(key, text));

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Query(string query) => string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => p.Split('=', 2)).Select(
            p => (Name: Encode(Uri.UnescapeDataString(p[0])), Value: p.Length > 1 ? Encode(Uri.UnescapeDataString(p[1])) : ""))
        .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Value, StringComparer.Ordinal).Select(p => $"{p.Name}={p.Value}"));

    private static string Encode(string text, bool keepSlash = false)
    {
        string all = Uri.EscapeDataString(text);
        return keepSlash ? all.Replace("%2F", "/", StringComparison.Ordinal) : all;
    }
}
