using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>The list of allowed hosts, and the syntax of URLs.</summary>
public class PictureUrlTests
{
    [Theory]
    [InlineData("images.example.com", "http://images.example.com/a.jpg", true)]
    [InlineData("images.example.com", "https://IMAGES.example.COM./a.jpg", true)]
    [InlineData("images.example.com", "https://images.example.com:80/a.jpg", true)]
    [InlineData("images.example.com", "https://images.example.com:443/a.jpg", true)]
    [InlineData("images.example.com", "https://images.example.com:8443/a.jpg", false)]
    [InlineData("images.example.com", "http://images.example.com:22/", false)]
    [InlineData("images.example.com", "https://x.images.example.com/", false)]
    [InlineData("images.example.com", "https://images.example.com.evil.test/", false)]
    [InlineData("images.example.com", "https://evil.test/images.example.com", false)]
    [InlineData("images.example.com", "https://evil.test#images.example.com", false)]
    [InlineData("images.example.com", "https://evil.test?images.example.com", false)]
    [InlineData("*.example.com", "https://a.example.com/", true)]
    [InlineData("*.example.com", "https://a.b.example.com/", true)]
    [InlineData("*.example.com", "https://example.com/", false)]
    [InlineData("*.example.com", "https://evilexample.com/", false)]
    [InlineData("*.Example.Com.", "https://a.example.com/", true)]
    [InlineData("images.example.com:8443", "https://images.example.com:8443/", true)]
    [InlineData("images.example.com:8443", "https://images.example.com/", false)]
    [InlineData("*.example.com:8080", "http://a.example.com:8080/", true)]
    [InlineData("[::1]:8080", "http://[::1]:8080/", true)]
    [InlineData("[::1]:8080", "http://[0:0::1]:8080/", true)]
    [InlineData("127.0.0.1", "http://2130706433/", true)] // one and the same address
    [InlineData("127.0.0.1", "http://0x7f.1/", true)]
    [InlineData("example.com", "http://2130706433/", false)]
    [InlineData("*.0.0.1.nip", "http://127.0.0.1/", false)]
    [InlineData("b\u00fccher.example", "https://xn--bcher-kva.example/", true)]
    public void A_host_is_in_the_list_or_not(string entry, string url, bool allowed)
    {
        var hosts = new HostList([entry]);
        if (allowed)
            Assert.Equal(new Uri(url), PictureUrl.Check(url, hosts));
        else
            Assert.Contains("not among those", Fault(url, hosts), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("*.")]
    [InlineData("a.*.com")]
    [InlineData("https://example.com")]
    [InlineData("example.com/path")]
    [InlineData("user@example.com")]
    [InlineData("example.com:0")]
    [InlineData("example.com:99999")]
    [InlineData("example.com:http")]
    [InlineData("*.127.0.0.1")]
    public void A_list_with_a_bad_entry_is_refused_when_the_server_starts(string entry) =>
        Assert.Contains(
            "no host to fetch images from",
            Assert.Throws<ArgumentException>(() => new HostList([entry])).Message,
            StringComparison.Ordinal);

    /// <summary>Names that are not ASCII can be written as xn-- or not, and the framework detects it late.</summary>
    [Fact]
    public void A_host_with_any_character_is_accepted_or_reported_as_a_mistake_in_the_list()
    {
        int refused = 0;
        for (char c = '\u0080'; c < '\u3000'; c++)
        {
            try
            {
                Assert.NotNull(new HostList([$"a{c}b.test"]));
            }
            catch (ArgumentException e)
            {
                refused++;
                Assert.Contains("no host to fetch images from", e.Message, StringComparison.Ordinal);
            }
        }
        Assert.InRange(refused, 1, 0x2F00);
    }

    [Theory]
    [InlineData("http://user@good.test/", "user name")]
    [InlineData("http://user:secret@good.test/", "user name")]
    [InlineData("http://@good.test/", "user name")]
    [InlineData("http://good.test:80@evil.test/", "user name")]
    [InlineData("http://good.test\\@evil.test/", "backslash")]
    [InlineData("http://good.test/a b", "space")]
    [InlineData("http://good.test/a\r\nHost: x", "control character")]
    [InlineData("http://good.test/\u0000", "control character")]
    [InlineData(" http://good.test/", "space")]
    [InlineData("http://good.test/\u00e9", "not ASCII")]
    [InlineData("http://g\u043e\u043ed.test/", "not ASCII")] // Cyrillic letters
    [InlineData("http://good.test\uFF0F@evil.test/", "not ASCII")] // a wide slash
    [InlineData("http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", "not ASCII")] // 127.0.0.1 in circles
    [InlineData("http://xn--\u00ff/", "not ASCII")]
    [InlineData("http://%FF%FE/", "not one of http")]
    [InlineData("http:///etc/passwd", "not one of http")]
    [InlineData("http://", "not one of http")]
    [InlineData("ftp://good.test/", "not one of http")]
    [InlineData("gopher://good.test/", "not one of http")]
    [InlineData("http://[::1/", "not one of http")]
    [InlineData("http://good.test:99999/", "not one of http")]
    public void A_URL_that_parsers_could_read_differently_is_refused(string url, string reason) =>
        Assert.Contains(reason, Fault(url, new HostList(["good.test"])), StringComparison.Ordinal);

    [Fact]
    public void A_very_long_URL_is_refused() =>
        Assert.Contains(
            "more than 2048", Fault("http://good.test/" + new string('a', 2048), new HostList(["good.test"])), StringComparison.Ordinal);

    [Fact]
    public void A_redirect_may_not_leave_https()
    {
        var hosts = new HostList(["good.test"]);
        Uri from = new("https://good.test/a/b"), plain = new("http://good.test/a");
        Assert.Equal("https://good.test/a/c", PictureUrl.Next(from, new Uri("c", UriKind.Relative), hosts).AbsoluteUri);
        Assert.Equal("https://good.test/c", PictureUrl.Next(plain, new Uri("https://good.test/c"), hosts).AbsoluteUri);
        Assert.Contains(
            "from https to http", Assert.Throws<ApiException>(() => PictureUrl.Next(from, plain, hosts)).Message, StringComparison.Ordinal);
        Assert.Throws<ApiException>(() => PictureUrl.Next(from, new Uri("//evil.test/", UriKind.Relative), hosts));
        Assert.Throws<ApiException>(() => PictureUrl.Next(from, new Uri("file:///etc/passwd"), hosts));
        Assert.Throws<ApiException>(() => PictureUrl.Next(from, new Uri("https://u@good.test/"), hosts));
        Assert.Throws<ApiException>(() => PictureUrl.Next(from, null, hosts));
    }

    private static string Fault(string url, HostList hosts)
    {
        ApiException e = Assert.Throws<ApiException>(() => PictureUrl.Check(url, hosts));
        Assert.Equal((400, "invalid_image_url"), (e.Status, e.Code));
        return e.Message;
    }
}
