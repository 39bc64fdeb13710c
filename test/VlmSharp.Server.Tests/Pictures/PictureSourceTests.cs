using System.Net;
using System.Security.Cryptography;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>From the address in a request to pixels.</summary>
public class PictureSourceTests
{
    private const int WholeBytes = 33 * 17 * 3;

    private static readonly byte[] Png = File.ReadAllBytes(GoldenFiles.PathOf("images", "png_rgb_33x17.png"));

    [Theory]
    [InlineData("images", "png_rgb_33x17.png", "PNG")]
    [InlineData("images", "jpg_exif6.jpg", "JPEG")]
    [InlineData("images", "gif.gif", "GIF")]
    [InlineData("images", "bmp24.bmp", "BMP")]
    [InlineData("webp", "lossy_17x9.webp", "WebP")]
    public async Task A_data_URI_is_a_picture_of_the_format_that_its_bytes_say(string folder, string file, string format)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf(folder, file));
        using var source = new PictureSource(new PictureOptions());
        // The stated type is wrong, and it is ignored.
        using ReadPicture picture = await source.ReadAsync($"data:text/plain;base64,{Convert.ToBase64String(bytes)}", null, default);
        Assert.Equal((format, bytes.Length), (picture.Format, picture.Bytes));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), picture.Sha256);
        Assert.Equal(ImageFile.Decode(bytes).Pixels, picture.Image.Pixels);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/", "--allow-image-hosts")]
    [InlineData("https://example.com/cat.jpg", "--allow-image-hosts")]
    [InlineData("HTTP://example.com/cat.jpg", "--allow-image-hosts")]
    [InlineData("file:///etc/passwd", "--allowed-local-media-path")]
    [InlineData("FILE:///etc/passwd", "--allowed-local-media-path")]
    [InlineData("ftp://example.com/cat.jpg", "bare base64 and file names are not read")]
    [InlineData("/etc/passwd", "bare base64 and file names are not read")]
    [InlineData("iVBORw0KGgo=", "bare base64 and file names are not read")]
    [InlineData("", "bare base64 and file names are not read")]
    [InlineData(" data:image/png;base64,QUJD", "bare base64 and file names are not read")]
    public async Task By_default_only_a_data_URI_is_read_and_the_error_names_the_option_to_set(string text, string option)
    {
        using var source = new PictureSource(new PictureOptions());
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => source.ReadAsync(text, null, default));
        Assert.Equal((400, "invalid_image_url"), (e.Status, e.Code));
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fetched_picture_is_judged_by_its_bytes_too()
    {
        using var server = new LocalServer(path => path == "/picture"
            ? LocalServer.Ok(Png, "Content-Type: text/html\r\n")
            : LocalServer.Ok("<html>secret page of the inside</html>"u8.ToArray(), "Content-Type: image/png\r\n"));
        var options = new PictureOptions { AllowedHosts = [$"pictures.test:{server.Port}"] };
        using var source = new PictureSource(options, Fetcher(options));
        using ReadPicture picture = await source.ReadAsync($"http://pictures.test:{server.Port}/picture", null, default);
        Assert.Equal(33, picture.Image.Width);
        ApiException e =
            await Assert.ThrowsAsync<ApiException>(() => source.ReadAsync($"http://pictures.test:{server.Port}/page", null, default));
        Assert.Contains("is a web page", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_of_bytes_pixels_and_scans_are_413_in_words_for_the_client()
    {
        byte[] progressive = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_17x9.jpg"));
        foreach ((byte[] bytes, PictureOptions options) in ((byte[], PictureOptions)[])[
            (Png, new PictureOptions { MaxBytes = Png.Length - 1 }), (Png, new PictureOptions { MaxPixels = 33 * 17 - 1 }),
            (progressive, new PictureOptions { MaxScans = 2 }), (Png, new PictureOptions { MaxBytesHeld = 33 * 17 * 3 - 1 })])
        {
            using var source = new PictureSource(options);
            ApiException e = await Assert.ThrowsAsync<ApiException>(() => source.DecodeAsync(() => bytes, "upload", null, default));
            Assert.Equal((413, "image_too_large"), (e.Status, e.Code));
            Assert.DoesNotContain("ImageOptions", e.Message, StringComparison.Ordinal);
            string uri = $"data:;base64,{Convert.ToBase64String(bytes)}";
            ApiException same = await Assert.ThrowsAsync<ApiException>(() => source.ReadAsync(uri, null, default));
            Assert.Equal(413, same.Status);
            Assert.Equal(0, source.BytesHeld);
        }
    }

    [Fact]
    public void The_number_of_pictures_in_a_request_is_limited()
    {
        using var source = new PictureSource(new PictureOptions { MaxPictures = 3 });
        source.CheckCount(3);
        ApiException e = Assert.Throws<ApiException>(() => source.CheckCount(4));
        Assert.Equal((400, "too_many_images"), (e.Status, e.Code));
    }

    [Fact]
    public async Task Decoding_ends_when_its_time_is_over()
    {
        using var source = new PictureSource(new PictureOptions { MaxDecodeTime = TimeSpan.Zero });
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => source.DecodeAsync(() => Png, "upload", null, default));
        Assert.Equal((400, "image_too_slow"), (e.Status, e.Code));
    }

    [Fact]
    public async Task No_picture_is_decoded_for_a_client_that_left()
    {
        using var source = new PictureSource(new PictureOptions { DecodesAtOnce = 1 });
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.DecodeAsync(() => Png, "upload", null, left.Token));
        using (BufferBudget.Share share = source.Memory.TakeNothing())
            Assert.Throws<OperationCanceledException>(() => source.Decode(() => Png, "upload", null, share, left.Token));
        // The place is free again.
        (await source.DecodeAsync(() => Png, "upload", null, default)).Dispose();
        Assert.Equal(0, source.BytesHeld);
    }

    [Fact]
    public async Task Pictures_count_against_the_memory_until_they_are_disposed_of()
    {
        using var source = new PictureSource(new PictureOptions());
        ReadPicture one = await source.DecodeAsync(() => Png, "a", null, default);
        ReadPicture two = await source.DecodeAsync(() => Png, "b", null, default);
        Assert.Equal(2 * WholeBytes, source.BytesHeld);
        one.Dispose();
        one.Dispose(); // a second Dispose changes nothing
        Assert.Equal(WholeBytes, source.BytesHeld);
        two.Dispose();
        Assert.Equal(0, source.BytesHeld);
    }

    [Fact]
    public async Task Pictures_of_which_only_one_fits_wait_for_each_other()
    {
        using var source = new PictureSource(new PictureOptions { MaxBytesHeld = Png.Length + WholeBytes, DecodesAtOnce = 6 });
        ReadPicture first = await source.DecodeAsync(() => Png, "first", null, default);
        Task<byte[]>[] others = [.. Enumerable.Range(0, 5).Select(async i =>
        {
            using ReadPicture picture = await source.DecodeAsync(() => Png, $"other {i}", null, default);
            return picture.Image.Pixels;
        })];
        await RunningServer.UntilAsync(() => source.Memory.Waiting == others.Length);
        first.Dispose();
        Assert.All(await Task.WhenAll(others), pixels => Assert.Equal(first.Image.Pixels, pixels));
        Assert.Equal(0, source.BytesHeld);
    }

    [Fact]
    public async Task A_picture_that_does_not_fit_beside_others_waits_and_is_not_overtaken()
    {
        using var source = new PictureSource(new PictureOptions { MaxBytesHeld = Png.Length + 2 * WholeBytes });
        BufferBudget.Share others = await source.Memory.TakeAsync(source.Memory.Capacity - Png.Length - WholeBytes + 1, default);
        using var left = new CancellationTokenSource();
        Task<ReadPicture> large = source.DecodeAsync(() => Png, "large", null, left.Token);
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 1);
        byte[] tiny = "P6 1 1 255 abc"u8.ToArray();
        Task<ReadPicture> small = source.DecodeAsync(() => tiny, "small", null, default);
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 2);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        (await small).Dispose();
        large = source.DecodeAsync(() => Png, "large", null, default);
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 1);
        others.Dispose();
        (await large).Dispose();
        Assert.Equal(0, source.BytesHeld);
    }

    /// <summary>A progressive JPEG asks for memory in stages; another that waits does not send it back to the first.</summary>
    [Fact]
    public async Task A_picture_that_has_waited_is_decoded_to_its_end_while_others_wait()
    {
        byte[] progressive = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_17x9.jpg"));
        using var source = new PictureSource(new PictureOptions { MaxBytesHeld = 1 << 20 });
        BufferBudget.Share others = await source.Memory.TakeAsync(source.Memory.Capacity - progressive.Length, default);
        int begun = 0;
        Task<ReadPicture> picture = source.DecodeAsync(Begin, "x", null, default);
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 1);
        Task<BufferBudget.Share> behind = source.Memory.TakeAsync(source.Memory.Capacity, default);
        others.Dispose();
        Assert.Same(picture, await Task.WhenAny(picture, behind));
        (await picture).Dispose();
        (await behind).Dispose();
        Assert.Equal((2, 0), (begun, source.BytesHeld));

        ReadOnlyMemory<byte> Begin()
        {
            begun++;
            return progressive;
        }
    }

    [Fact]
    public async Task A_fetched_file_keeps_its_place_until_it_is_decoded()
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Png));
        var options = new PictureOptions { AllowedHosts = [$"pictures.test:{server.Port}"], FetchesAtOnce = 1 };
        using var source = new PictureSource(options, Fetcher(options));
        BufferBudget.Share others = await source.Memory.TakeAsync(source.Memory.Capacity, default);
        string url = $"http://pictures.test:{server.Port}/";
        Task<ReadPicture>[] all = [source.ReadAsync(url, null, default), source.ReadAsync(url, null, default)];
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 1);
        await Task.Delay(100); // in which a second file could come
        Assert.Single(server.Requests);
        others.Dispose();
        foreach (ReadPicture picture in await Task.WhenAll(all)) picture.Dispose();
        Assert.Equal((2, 0), (server.Requests.Count, source.BytesHeld));
    }

    [Fact]
    public async Task A_picture_is_taken_from_its_base64_when_there_is_a_place_to_decode_it()
    {
        using var source = new PictureSource(new PictureOptions { DecodesAtOnce = 1 });
        int now = 0, most = 0;
        foreach (ReadPicture picture in await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => source.DecodeAsync(Take, "x", null, default)))) picture.Dispose();
        Assert.Equal(1, most);

        ReadOnlyMemory<byte> Take()
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            Thread.Sleep(20);
            Interlocked.Decrement(ref now);
            return Png;
        }
    }

    /// <summary>A client that is told to try again must not hear that at each try.</summary>
    [Theory, InlineData(1, false), InlineData(1, true), InlineData(2, false), InlineData(2, true)]
    public async Task Where_memory_itself_runs_out_a_picture_is_tried_again_alone_and_then_later_or_never(int failures, bool isAlone)
    {
        using var source = new PictureSource(new PictureOptions(), isAlone: () => isAlone);
        BufferBudget.Share others = await source.Memory.TakeAsync(1, default);
        int begun = 0;
        Task<ReadPicture> decoding = source.DecodeAsync(Take, "x", null, default);
        await RunningServer.UntilAsync(() => source.Memory.Waiting == 1);
        others.Dispose();
        if (failures == 1)
        {
            (await decoding).Dispose();
        }
        else if (isAlone)
        {
            ApiException e = await Assert.ThrowsAsync<ApiException>(() => decoding);
            Assert.Equal((413, "image_too_large"), (e.Status, e.Code));
        }
        else
        {
            ApiException e = ErrorMiddleware.Of(await Assert.ThrowsAsync<InsufficientMemoryException>(() => decoding));
            Assert.Equal((503, "no_memory"), (e.Status, e.Code));
            Assert.NotNull(e.RetryAfter);
        }

        Assert.Equal((2, 0), (begun, source.BytesHeld));

        ReadOnlyMemory<byte> Take() => ++begun <= failures ? throw new InsufficientMemoryException() : Png;
    }

    [Fact]
    public async Task A_picture_that_is_resized_needs_no_memory_for_the_whole()
    {
        var seen = new ImagePreprocessor(new PreprocessorConfig { Size = 4 });
        using var source = new PictureSource(new PictureOptions { MaxBytesHeld = Png.Length + WholeBytes - 1 });
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => source.DecodeAsync(() => Png, "whole", null, default));
        Assert.Equal(413, e.Status);
        using ReadPicture picture = await source.DecodeAsync(() => Png, "resized", seen, default);
        Assert.Equal(seen.Resize(ImageFile.Decode(Png)).Pixels, picture.Image.Pixels);
        Assert.Equal((33, 17, 4 * 4 * 3L), (picture.Width, picture.Height, source.BytesHeld));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("\u0089PNG\r\n\u001a\n")]
    [InlineData("GIF89a")]
    [InlineData("%PDF-1.7")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>")]
    public async Task What_is_not_a_picture_is_a_400_without_paths_stacks_or_control_characters(string text)
    {
        using var source = new PictureSource(new PictureOptions());
        string name = "evil\r\nname\u001b[31m" + new string('x', 5000);
        byte[] bytes = System.Text.Encoding.Latin1.GetBytes(text);
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => source.DecodeAsync(() => bytes, name, null, default));
        Assert.Equal((400, "invalid_image"), (e.Status, e.Code));
        Assert.DoesNotContain(e.Message, char.IsControl);
        Assert.InRange(e.Message.Length, 10, 400);
        Assert.DoesNotContain("/", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", e.Message, StringComparison.Ordinal);
        Assert.Null(e.InnerException);
    }

    private static PictureFetcher Fetcher(PictureOptions options) =>
        new(options, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), IPAddress.IsLoopback);
}
