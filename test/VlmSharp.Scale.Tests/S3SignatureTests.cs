using System.Text;
using VlmSharp.Scale.Tests.S3;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// Tests the server's check with the examples of the Amazon S3 API reference, so that client and server cannot agree on a wrong
/// signature.
/// </summary>
public sealed class S3SignatureTests
{
    private const string Name = "AKIAIOSFODNN7EXAMPLE", Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Time = "20130524T000000Z";

    private static readonly DateTime Then = new(2013, 5, 24, 0, 0, 0, DateTimeKind.Utc);

    private static string Authorization(string signed, string signature) =>
        $"AWS4-HMAC-SHA256 Credential={Name}/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed},Signature={signature}";

    [Theory]
    [InlineData(Secret, null)]
    [InlineData("another", "SignatureDoesNotMatch")]
    public void Get_object(string secret, string? expected)
    {
        var headers = new Dictionary<string, string>
        {
            ["authorization"] = Authorization(
                "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            ["host"] = "examplebucket.s3.amazonaws.com",
            ["range"] = "bytes=0-9",
            ["x-amz-content-sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ["x-amz-date"] = Time,
        };
        Assert.Equal(expected, new S3Signature(Name, secret).Check("GET", "/test.txt", headers.GetValueOrDefault, Then));
        Assert.Equal(
            "RequestTimeTooSkewed", new S3Signature(Name, secret).Check("GET", "/test.txt", headers.GetValueOrDefault, Then.AddHours(1)));
    }

    [Fact]
    public void Put_object_in_chunks()
    {
        string signed =
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class";
        var headers = new Dictionary<string, string>
        {
            ["authorization"] = Authorization(signed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
            ["content-encoding"] = "aws-chunked",
            ["content-length"] = "66824",
            ["host"] = "s3.amazonaws.com",
            ["x-amz-content-sha256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            ["x-amz-date"] = Time,
            ["x-amz-decoded-content-length"] = "66560",
            ["x-amz-storage-class"] = "REDUCED_REDUNDANCY",
        };
        var signature = new S3Signature(Name, Secret);
        Assert.Null(signature.Check("PUT", "/examplebucket/chunkObject.txt", headers.GetValueOrDefault, Then));
        byte[] body = Encoding.ASCII.GetBytes(
            Chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") + Chunk(
                1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
            + Chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
        Assert.Equal(66824, body.Length);
        (byte[] bytes, string? error) = S3Body.Read(body, signature, headers.GetValueOrDefault);
        Assert.Null(error);
        Assert.Equal(new string('a', 66560), Encoding.ASCII.GetString(bytes));
        body[100] ^= 1;
        signature.Check("PUT", "/examplebucket/chunkObject.txt", headers.GetValueOrDefault, Then);
        Assert.Equal("SignatureDoesNotMatch", S3Body.Read(body, signature, headers.GetValueOrDefault).Error);
    }

    private static string Chunk(int size, string signature) => $"{size:x};chunk-signature={signature}\r\n{new string('a', size)}\r\n";

    [Fact]
    // the check value of CRC-32/ISO-HDLC
    public void Checksum() => Assert.Equal(Convert.ToBase64String([0xCB, 0xF4, 0x39, 0x26]), S3Body.Crc32("123456789"u8.ToArray()));
}
