using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Scale.Tests.S3;

/// <summary>The body of a request, plain or in signed chunks with trailers (<c>aws-chunked</c>).</summary>
internal static class S3Body
{
    /// <summary>Removes the chunk framing and checks signatures and checksums.</summary>
    /// <param name="raw">The request's body.</param>
    /// <param name="signature">The signature of the request, already checked.</param>
    /// <param name="header">Gets the value of a header by its lower-case name, or null.</param>
    /// <returns>The bytes, or an error code of S3.</returns>
    public static (byte[] Bytes, string? Error) Read(byte[] raw, S3Signature signature, Func<string, string?> header)
    {
        string said = header("x-amz-content-sha256")!;
        if (!said.StartsWith("STREAMING-", StringComparison.Ordinal))
            return said == "UNSIGNED-PAYLOAD" || said == Convert.ToHexStringLower(SHA256.HashData(raw))
                ? (raw, null)
                : ([], "XAmzContentSHA256Mismatch");
        bool isSigned = said.StartsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", StringComparison.Ordinal),
            hasTrailers = said.EndsWith("-TRAILER", StringComparison.Ordinal);
        var bytes = new MemoryStream();
        int at = 0;
        while (true)
        {
            string[] head = Line(raw, ref at).Split(";chunk-signature=");
            int size = int.Parse(head[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            byte[] chunk = raw[at..(at + size)];
            if (isSigned && !signature.CheckChunk(chunk, head[1])) return ([], "SignatureDoesNotMatch");
            bytes.Write(chunk);
            at += size;
            if (size == 0) break;
            if (Line(raw, ref at).Length > 0) return ([], "IncompleteBody");
        }

        byte[] all = bytes.ToArray();
        if (header("x-amz-decoded-content-length") != all.Length.ToString(CultureInfo.InvariantCulture)) return ([], "IncompleteBody");
        return hasTrailers ? (all, CheckTrailers(raw, at, all, isSigned ? signature : null, header("x-amz-trailer"))) : (all, null);
    }

    private static string? CheckTrailers(byte[] raw, int at, byte[] all, S3Signature? signature, string? announced)
    {
        var trailers = new List<string>();
        string? signed = null;
        for (string line; at < raw.Length && (line = Line(raw, ref at)).Length > 0;)
        {
            if (line.StartsWith("x-amz-trailer-signature:", StringComparison.Ordinal)) signed = line.Split(':')[1];
            else trailers.Add(line);
        }

        if (announced is null || trailers.Count != 1 || !trailers[0].StartsWith(announced + ":", StringComparison.Ordinal))
            return "MalformedTrailerError";
        if (signature is not null && (signed is null || !signature.CheckTrailers(string.Concat(trailers.Select(t => t + "\n")), signed)))
            return "SignatureDoesNotMatch";
        return announced == "x-amz-checksum-crc32" && trailers[0].Split(':')[1] == Crc32(all) ? null : "BadDigest";
    }

    private static string Line(byte[] raw, ref int at)
    {
        int end = raw.AsSpan(at).IndexOf("\r\n"u8);
        string line = Encoding.ASCII.GetString(raw, at, end);
        at += end + 2;
        return line;
    }

    /// <summary>CRC-32 of ISO 3309 (reflected, 0xEDB88320), as S3 writes it: big-endian, in base64.</summary>
    internal static string Crc32(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        }

        crc = ~crc;
        return Convert.ToBase64String([(byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc]);
    }
}
