using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>
/// Small files that would become large or slow pictures. The memory to refuse them is measured on the thread that does it.
/// </summary>
public class BombTests
{
    private const long MostAllocated = 50L << 20;

    private static readonly Dictionary<string, (Func<byte[]> File, int Status, string Reason)> Bombs = new()
    {
        ["PNG of 20000 x 20000 in 1.2 MB"] = (() => Png(20000, 20000, Zeros(20000L * (20000 * 3 + 1))), 413, "more than 64000000 pixels"),
        ["PNG header of the largest size"] = (() => Png(int.MaxValue, int.MaxValue, []), 413, "wider or higher than 65535"),
        ["PNG of 8000 x 8000 without its pixels"] = (() => Png(8000, 8000, Zeros(1000)), 400, "truncated PNG"),
        ["PNG with 256 MB of a comment"] = (() => Png(8, 8, [], ("zTXt", [.. "Comment\0\0"u8, .. Zeros(1L << 28)])), 400, "truncated PNG"),
        ["PNG with 256 MB of a color profile"] = (() => Png(8, 8, [], ("iCCP", [.. "x\0\0"u8, .. Zeros(1L << 28)])), 400, "truncated PNG"),
        ["GIF screen of 65535 x 65535"] = (() => Gif(65535, 65535, 1, 1), 413, "more than 64000000 pixels"),
        ["GIF frame of 65535 x 65535"] = (() => Gif(1, 1, 65535, 65535), 413, "more than 64000000 pixels"),
        ["BMP of 30000 x 30000"] = (() => Bmp(30000, 30000, 0), 413, "more than 64000000 pixels"),
        ["BMP of the least height"] = (() => Bmp(30000, int.MinValue, 0), 400, "BMP"),
        ["BMP of 8000 x 8000 without its pixels"] = (() => Bmp(8000, 8000, 0), 400, "truncated BMP"),
        ["BMP of runs of 30000 x 30000"] = (() => Bmp(30000, 30000, 1), 413, "more than 64000000 pixels"),
        ["JPEG of 65500 x 65500"] = (() => Jpeg("jpgx_q100_17x9.jpg", 65500, 65500), 413, "more than 64000000 pixels"),
        ["JPEG of 8000 x 8000 without its pixels"] = (() => Jpeg("jpgx_q100_17x9.jpg", 8000, 8000), 400, "truncated JPEG"),
        ["progressive JPEG of 8000 x 8000 without its pixels"] = (() => Jpeg("jpgx_prog_rst_17x9.jpg", 8000, 8000), 400, "truncated JPEG"),
        ["progressive JPEG of 500 scans"] = (() => ManyScans(500), 413, "more than 100 scans"),
        ["WebP canvas of 16384 x 16384"] = (() => WebPCanvas(16384, 16384), 413, "more than 64000000 pixels"),
        ["WebP of 16383 x 16383"] = (() => WebPLossy(16383, 16383), 413, "more than 64000000 pixels"),
        ["PPM of 999999999 x 999999999"] = (() => "P6\n999999999 999999999\n255\n"u8.ToArray(), 413, "wider or higher than 65535"),
        ["PPM of 8000 x 8000 without its pixels"] = (() => "P6\n8000 8000\n255\n"u8.ToArray(), 400, "truncated PPM"),
    };

    public static TheoryData<string> Names => [.. Bombs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bomb_is_refused_within_50_MB(string name)
    {
        (Func<byte[]> make, int status, string reason) = Bombs[name];
        byte[] file = make();
        Assert.InRange(file.Length, 10, 2_500_000);
        using var source = new PictureSource(new PictureOptions());
        long before = GC.GetAllocatedBytesForCurrentThread();
        ApiException e = Assert.Throws<ApiException>(() => Decode(source, file));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(status, e.Status);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, MostAllocated);
        Assert.Equal(0, source.BytesHeld);
    }

    /// <summary>
    /// The compressed data of this 8 x 8 picture goes on for 256 MB, but inflating ends with the last row.
    /// </summary>
    [Fact]
    public void Data_after_the_last_row_is_not_inflated()
    {
        byte[] file = Png(8, 8, Zeros(1L << 28));
        using var source = new PictureSource(new PictureOptions());
        long before = GC.GetAllocatedBytesForCurrentThread();
        using ReadPicture picture = Decode(source, file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.Equal((8, 8), (picture.Image.Width, picture.Image.Height));
    }

    /// <summary>The bombs are real: without the limit on pixels, the first one is decoded.</summary>
    [Fact]
    public void A_file_of_a_few_bytes_is_a_large_picture()
    {
        byte[] file = Png(3000, 3000, Zeros(3000L * (3000 * 3 + 1)));
        Assert.InRange(file.Length, 1, 3000 * 3000 * 3 / 500);
        using var source = new PictureSource(new PictureOptions());
        using ReadPicture picture = Decode(source, file);
        Assert.Equal(3000 * 3000 * 3, source.BytesHeld);
        Assert.Equal(100, ScansOf(ManyScans(100)));
        using var scans = Decode(source, ManyScans(100));
        Assert.Equal(17, scans.Image.Width);
        using var slow = Decode(source, SlowJpeg(80));
        Assert.Equal(80, slow.Image.Width);
    }

    /// <summary>
    /// A file within all size limits whose decoding takes seconds: 100 scans of a few bytes, each of which visits every block.
    /// </summary>
    [Fact]
    public async Task A_slow_decoding_ends_when_its_time_is_over()
    {
        byte[] file = SlowJpeg(4000);
        Assert.InRange(file.Length, 10, 50_000);
        var clock = new ManualClock();
        using var source =
            new PictureSource(new PictureOptions { MaxDecodeTime = TimeSpan.FromSeconds(10), DecodesAtOnce = 1 }, clock: clock);
        Task<ReadPicture> decoding = source.DecodeAsync(() => file, "The picture", null, default);
        while (await Task.WhenAny(decoding, Task.Delay(1)) != decoding) clock.Advance(TimeSpan.FromSeconds(1));
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => decoding);
        Assert.Equal((400, "image_too_slow"), (e.Status, e.Code));
        // Its place is free, so the thread has really ended.
        (await source.DecodeAsync(() => Png(3, 3, Zeros(30)), "The picture", null, default)).Dispose();
    }

    private static ReadPicture Decode(PictureSource source, byte[] file)
    {
        BufferBudget.Share share = source.Memory.TakeNothing();
        try
        {
            return source.Decode(() => file, "The picture", null, share, default);
        }
        catch
        {
            share.Dispose();
            throw;
        }
    }

    private static byte[] Zeros(long count)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal))
        {
            byte[] piece = new byte[1 << 20];
            for (; count > 0; count -= piece.Length) zlib.Write(piece.AsSpan(0, (int)Math.Min(count, piece.Length)));
        }
        return stream.ToArray();
    }

    private static byte[] Png(int width, int height, byte[] data, params (string Type, byte[] Data)[] more)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] number = new byte[4];
        foreach ((string type, byte[] chunk) in ((string, byte[])[])[("IHDR", header), .. more, ("IDAT", data), ("IEND", [])])
        {
            BinaryPrimitives.WriteInt32BigEndian(number, chunk.Length);
            stream.Write(number);
            byte[] tagged = [.. Encoding.ASCII.GetBytes(type), .. chunk];
            stream.Write(tagged);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32(tagged));
            stream.Write(number);
        }
        return stream.ToArray();
    }

    // PNG specification, annex D.
    private static uint Crc32(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }

    private static byte[] Gif(ushort screenWidth, ushort screenHeight, ushort width, ushort height) =>
    [
        .. "GIF89a"u8, .. Little(screenWidth), .. Little(screenHeight), 0x80, 0, 0, 0, 0, 0, 255, 255, 255,
        0x2C, 0, 0, 0, 0, .. Little(width), .. Little(height), 0, 2, 2, 0x44, 0x0A, 0, 0x3B,
    ];

    private static byte[] Bmp(int width, int height, byte compression) =>
    [
        .. "BM"u8, 62, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, .. BitConverter.GetBytes(width), .. BitConverter.GetBytes(height),
        1, 0, 8, 0, compression, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0,
    ];

    // A good file with a different size in its frame header.
    private static byte[] Jpeg(string sample, ushort width, ushort height)
    {
        byte[] file = File.ReadAllBytes(GoldenFiles.PathOf("images", sample));
        int at = Segments(file).First(segment => segment.Marker is 0xC0 or 0xC1 or 0xC2).At;
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(at + 5), height);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(at + 7), width);
        return file;
    }

    // A good progressive file whose first scan is repeated.
    private static byte[] ManyScans(int scans)
    {
        byte[] file = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_17x9.jpg"));
        (_, int first) = Segments(file).First(segment => segment.Marker == 0xDA);
        int end = first + 4;
        while (file[end] != 0xFF || file[end + 1] is 0 or (>= 0xD0 and <= 0xD7)) end++;
        byte[] scan = file[first..end];
        int more = scans - ScansOf(file);
        return [.. file[..first], .. Enumerable.Repeat(scan, more).SelectMany(bytes => bytes), .. file[first..]];
    }

    // Gray and progressive (ITU T.81, annex G), all blocks empty. A code of one bit says "no difference" in the scan of DC, and "the next
    // 16384 to 32767 blocks have nothing" in the 99 of AC, which refine what is not there.
    private static byte[] SlowJpeg(int side)
    {
        List<byte> file = [0xFF, 0xD8];
        void Segment(byte marker, params byte[] data) => file.AddRange([0xFF, marker, 0, (byte)(data.Length + 2), .. data]);
        byte[] oneCode = [1, .. new byte[15]];
        Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]);
        Segment(0xC2, 8, (byte)(side >> 8), (byte)side, (byte)(side >> 8), (byte)side, 1, 1, 0x11, 0);
        Segment(0xC4, [0, .. oneCode, 0, 0x10, .. oneCode, 0xE0]);
        int blocks = side / 8 * (side / 8);
        Segment(0xDA, 1, 1, 0, 0, 0, 0);
        file.AddRange(new byte[(blocks + 7) / 8]);
        // Runs of 16384: a zero for the code, and 14 for the bits beyond.
        byte[] runs = new byte[(blocks / 16384 + 1) * 15 / 8 + 1];
        for (int scan = 0; scan < 99; scan++)
        {
            Segment(0xDA, 1, 1, 0, 1, 63, 0x10);
            file.AddRange(runs);
        }
        return [.. file, 0xFF, 0xD9];
    }

    private static int ScansOf(byte[] file) => Segments(file).Count(segment => segment.Marker == 0xDA);

    // The markers that have a length, and their positions. The data of scans is skipped.
    private static IEnumerable<(byte Marker, int At)> Segments(byte[] file)
    {
        for (int at = 2; at + 4 <= file.Length;)
        {
            if (file[at] != 0xFF || file[at + 1] is 0 or 0xFF or (>= 0xD0 and <= 0xD9))
            {
                at++;
                continue;
            }
            yield return (file[at + 1], at);
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2));
        }
    }

    private static byte[] WebPCanvas(int width, int height)
    {
        byte[] canvas = [2, 0, 0, 0, .. BitConverter.GetBytes(width - 1)[..3], .. BitConverter.GetBytes(height - 1)[..3]];
        return Riff([.. "VP8X"u8, 10, 0, 0, 0, .. canvas, .. "ANIM"u8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    private static byte[] WebPLossy(ushort width, ushort height) =>
        Riff([.. "VP8 "u8, 10, 0, 0, 0, 0x10, 0, 0, 0x9D, 1, 0x2A, .. Little(width), .. Little(height)]);

    private static byte[] Riff(byte[] chunks) => [.. "RIFF"u8, .. BitConverter.GetBytes(chunks.Length + 4), .. "WEBP"u8, .. chunks];

    private static byte[] Little(ushort value) => [(byte)value, (byte)(value >> 8)];
}
