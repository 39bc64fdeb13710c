using System.Text;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>
/// Data URIs: an accepted one holds exactly its base64 and nothing else, and becomes a picture or a client error.
/// </summary>
internal sealed class DataUriTarget : FuzzTarget
{
    private static readonly PictureOptions Options = new() { MaxBytes = 1 << 16, MaxPixels = 1 << 14 };
    private static readonly PictureSource Source = new(Options);

    public override string Name => "data-uris";

    public override Type Rejection => typeof(ApiException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutatePayload;

    public override long MostAllocation(int inputBytes) => 15 * Options.MaxPixels + 96L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        $"data:image/x-portable-pixmap;base64,{Convert.ToBase64String("P3 3 2 15 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1"u8)}",
        $"data:image/x-portable-pixmap;base64,{Convert.ToBase64String("P6 2 1 255 abcdef"u8)}",
        $"DATA:;name=a;BASE64,{Convert.ToBase64String([.. "P4 9 2 "u8, 0xAA, 0x80, 0x55, 0])}",
    ]).Select((text, i) => new Seed($"uri {i}", Encoding.ASCII.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        if (!DataUri.Is(bytes)) return false;
        byte[] file = DataUri.Decode(bytes, Options.MaxBytes);
        Assert.InRange(file.Length, 1, Options.MaxBytes);
        string text = Encoding.Latin1.GetString(bytes);
        Assert.Equal(text[(text.IndexOf(',', StringComparison.Ordinal) + 1)..], Convert.ToBase64String(file));
        using BufferBudget.Share share = Source.Memory.TakeNothing();
        using ReadPicture picture = Source.Decode(() => file, "The picture", null, share, CancellationToken.None);
        Assert.InRange((long)picture.Image.Width * picture.Image.Height, 1, Options.MaxPixels);
        Assert.Equal((file.Length, 64), (picture.Bytes, picture.Sha256.Length));
        return true;
    }

    // Damages the payload and encodes it as valid base64 again.
    private static byte[] MutatePayload(byte[] uri, Random random, byte[] other)
    {
        int comma = Array.IndexOf(uri, (byte)',');
        byte[] payload = Convert.FromBase64String(Encoding.ASCII.GetString(uri, comma + 1, uri.Length - comma - 1));
        return [.. uri[..(comma + 1)], .. Encoding.ASCII.GetBytes(Convert.ToBase64String(ByteMutator.Mutate(payload, random, payload)))];
    }
}

/// <summary>
/// URLs of pictures: an accepted URL leads to a listed host and port, and still does after it is written and read again.
/// </summary>
internal sealed class PictureUrlTarget : FuzzTarget
{
    private static readonly HostList Hosts = new(["good.test", "*.wide.test", "port.test:8080", "[2606:4700::1]"]);

    public override string Name => "picture-urls";

    public override Type Rejection => typeof(ApiException);

    public override long MostAllocation(int inputBytes) => 64L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        "http://good.test/a.jpg", "https://a.b.wide.test:443/x?y=z#w", "http://port.test:8080/", "http://[2606:4700::1]/%41",
        "HTTPS://Good.Test./%C3%A9",
    ]).Select(text => new Seed(text, Encoding.Latin1.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        Uri uri = PictureUrl.Check(Encoding.Latin1.GetString(bytes), Hosts);
        Assert.True(uri.Scheme is "http" or "https");
        Assert.Equal("", uri.UserInfo);
        string host = uri.IdnHost.TrimEnd('.');
        Assert.True(host == "port.test" ? uri.Port == 8080 : uri.Port is 80 or 443);
        Assert.True(host is "good.test" or "port.test" or "2606:4700::1" || host.EndsWith(".wide.test", StringComparison.Ordinal), host);
        Uri again = PictureUrl.Check(uri.AbsoluteUri, Hosts);
        Assert.Equal((uri.Scheme, uri.IdnHost, uri.Port), (again.Scheme, again.IdnHost, again.Port));
        return true;
    }
}

/// <summary>Key files: every key of an accepted file is found under its name, and no error shows a key.</summary>
internal sealed class KeyFileTarget : FuzzTarget
{
    private const string Mark = "SECRET";

    public override string Name => "key-files";

    public override Type Rejection => typeof(KeyFormatException);

    // A key of one character takes a line of two. Its name, its hash and its place are kept.
    public override long MostAllocation(int inputBytes) => 1024L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        "# keys\nalice:SECRET0123456789abcdef\n\nbob : SECRETabcdef0123456789\n",
        "SECRET0123456789\r\nSECRET9876543210\r\n",
        "alice:SECRET:with:colons\nalice:SECRET2",
    ]).Select((text, i) => new Seed($"keys {i}", Encoding.ASCII.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        var told = new List<string>();
        KeyRing ring;
        try
        {
            ring = new KeyFile(Write(bytes), null, told.Add).Current;
        }
        catch (KeyFormatException e)
        {
            Assert.DoesNotContain(Mark, e.Message, StringComparison.Ordinal);
            throw;
        }
        Assert.All(told, text => Assert.DoesNotContain(Mark, text, StringComparison.Ordinal));
        // Each key is compared with all others, so a few of many are enough.
        foreach (KeyText.Line line in KeyText.Read(Encoding.UTF8.GetString(bytes), "x", null).Take(20))
        {
            Assert.True(ring.TryFind($"Bearer {line.Key}", out string client));
            Assert.Equal(line.Client, client);
            Assert.False(ring.TryFind($"Bearer {line.Key}~not", out _) && line.Key.Length < 500);
        }
        Assert.False(ring.TryFind(Encoding.Latin1.GetString(bytes), out _));
        return true;
    }
}
