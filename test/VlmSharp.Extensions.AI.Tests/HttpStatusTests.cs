using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Extensions.AI.Tests;

/// <summary>HTTP statuses say whose fault an error is.</summary>
public sealed class HttpStatusTests
{
    private static readonly byte[] Cake = File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));

    [Fact]
    public void Damaged_unknown_and_too_large_pictures_have_different_statuses()
    {
        Assert.Equal((ImageFault.Damaged, 400), Refused(Cake[..5000]));
        Assert.Equal((ImageFault.Damaged, 400), Refused([]));
        Assert.Equal((ImageFault.Unsupported, 415), Refused("%PDF-1.7 and so on"u8.ToArray()));
        Assert.Equal((ImageFault.Unsupported, 415), Refused("hello, world"u8.ToArray()));
        Assert.Equal((ImageFault.OverLimit, 413), Refused(Cake, new ImageOptions { MaxPixels = 10 }));
        Assert.Equal((ImageFault.OverLimit, 413), Refused(Cake, new ImageOptions { MaxSide = 10 }));
        var small = new ImageOptions { MaxFileBytes = 100 };
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => ImageFile.Load(new MemoryStream(Cake), "x", small));
        Assert.Equal((ImageFault.OverLimit, 413), (error.Fault, HttpStatus.Of(error)));
    }

    [Fact]
    public void A_bad_request_is_the_client_s_fault_and_all_else_the_server_s()
    {
        Assert.Equal(400, HttpStatus.Of(new RequestException("x")));
        Assert.Equal(499, HttpStatus.Of(new OperationCanceledException()));
        Assert.Equal(500, HttpStatus.Of(new ModelFormatException("x")));
        Assert.Equal(500, HttpStatus.Of(new ArgumentException("x")));
        Assert.Equal(503, HttpStatus.Of(new InsufficientMemoryException()));
        Assert.Equal(503, HttpStatus.Of(new DeviceMemoryException("x")));
        Assert.Equal(503, HttpStatus.Of(new ImageFormatException("x", new InsufficientMemoryException())));
        Assert.Throws<ArgumentNullException>(() => HttpStatus.Of(null!));
    }

    private static (ImageFault, int) Refused(byte[] bytes, ImageOptions? options = null)
    {
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "x", options));
        return (error.Fault, HttpStatus.Of(error));
    }
}
