using System.Text;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>Data URIs are read strictly.</summary>
public class DataUriTests
{
    private const int Most = 1000;

    [Theory]
    [InlineData("data:image/png;base64,", "")]
    [InlineData("DATA:image/png;BASE64,QQ==", "A")]
    [InlineData("data:;base64,QUI=", "AB")]
    [InlineData("data:text/html;charset=utf-8;base64,QUJD", "ABC")]
    [InlineData("data:image/svg+xml;name=a.svg;base64,++//QUJD", null)]
    public void Base64_is_read_whatever_the_media_type_says(string uri, string? text)
    {
        Assert.True(DataUri.Is(Encoding.UTF8.GetBytes(uri)));
        if (text == "")
            Assert.Contains("nothing after its comma", Fault(uri), StringComparison.Ordinal);
        else
            Assert.Equal(
                text is null ? [0xFB, 0xEF, 0xFF, (byte)'A', (byte)'B', (byte)'C'] : Encoding.ASCII.GetBytes(text),
                DataUri.Decode(Encoding.UTF8.GetBytes(uri), Most));
    }

    [Theory]
    [InlineData("data:image/png;base64,QUJ", "not a multiple of 4")]
    [InlineData("data:image/png;base64,QUJDQ", "not a multiple of 4")]
    [InlineData("data:image/png;base64,QQ", "not a multiple of 4")]
    [InlineData("data:image/png;base64,QQ=", "not a multiple of 4")]
    [InlineData("data:image/png;base64,Q===", "not a multiple of 4")]
    [InlineData("data:image/png;base64,====", "not a multiple of 4")]
    [InlineData("data:image/png;base64,QQ==QUJD", "padding at place 2")]
    [InlineData("data:image/png;base64,QUJD=QUJ", "padding at place 4")]
    [InlineData("data:image/png;base64,QUJD\nQUJD", "white space")]
    [InlineData("data:image/png;base64, QUJD", "white space")]
    [InlineData("data:image/png;base64,QUJD ", "white space")]
    [InlineData("data:image/png;base64,QU-_", "base64url")]
    [InlineData("data:image/png;base64,QUJ%2B", "percent sign")]
    [InlineData("data:image/png;base64,QUJ\u0000", "not of the base64 alphabet")]
    [InlineData("data:image/png;base64,QUJ\u0421", "not of the base64 alphabet")]
    [InlineData("data:image/png;base64,QR==", "belong to no byte")]
    [InlineData("data:image/png;base64,QUJ=", "belong to no byte")]
    [InlineData("data:image/png,%89PNG", "percent signs is not read")]
    [InlineData("data:image/png;base64;x,QUJD", "percent signs is not read")]
    [InlineData("data:image/png;base64", "no comma")]
    [InlineData("data:", "no comma")]
    public void What_is_not_exactly_base64_is_refused_with_a_reason(string uri, string reason)
    {
        string message = Fault(uri);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void The_media_type_has_to_end_within_200_characters() =>
        Assert.Contains("no comma", Fault($"data:{new string('a', 200)};base64,QUJD"), StringComparison.Ordinal);

    [Fact]
    public void The_limit_counts_decoded_bytes_and_is_checked_before_allocation()
    {
        for (int bytes = Most - 3; bytes <= Most; bytes++)
            Assert.Equal(
                bytes, DataUri.Decode(Encoding.UTF8.GetBytes($"data:;base64,{Convert.ToBase64String(new byte[bytes])}"), Most).Length);
        for (int bytes = Most + 1; bytes < Most + 5; bytes++)
        {
            string uri = $"data:;base64,{Convert.ToBase64String(new byte[bytes])}";
            Assert.Equal(413, Assert.Throws<ApiException>(() => DataUri.Decode(Encoding.UTF8.GetBytes(uri), Most)).Status);
        }
        byte[] huge = Encoding.UTF8.GetBytes($"data:;base64,{new string('A', 40_000_000)}");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(413, Assert.Throws<ApiException>(() => DataUri.Decode(huge, Most)).Status);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Random_bytes_survive_the_round_trip()
    {
        var random = new Random(7);
        for (int length = 1; length < 100; length++)
        {
            byte[] bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(bytes, DataUri.Decode(Encoding.UTF8.GetBytes($"data:image/jpeg;base64,{Convert.ToBase64String(bytes)}"), Most));
        }
    }

    private static string Fault(string uri)
    {
        ApiException e = Assert.Throws<ApiException>(() => DataUri.Decode(Encoding.UTF8.GetBytes(uri), Most));
        Assert.Equal(400, e.Status);
        return e.Message;
    }
}
