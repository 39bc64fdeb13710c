using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

/// <summary>Pictures from streams of every kind, read at once and read asynchronously.</summary>
public class ImageStreamTests
{
    private static readonly byte[] File = System.IO.File.ReadAllBytes(GoldenFiles.PathOf("images", "png_rgb_33x17.png"));

    private static readonly byte[] Pixels = ImageFile.Decode(File, "file").Pixels;

    public static TheoryData<bool> Ways => [false, true];

    [Theory, MemberData(nameof(Ways))]
    public async Task ASeekableStreamIsReadFromWhereItStands(bool waits)
    {
        using var stream = new MemoryStream([1, 2, 3, .. File]) { Position = 3 };
        Assert.Equal(Pixels, (await Load(waits, stream)).Pixels);
        stream.Position = 3; // it is left open
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task AnUnseekableStreamMayComeInPieces(bool waits)
    {
        using var stream = new Pipe(File, piece: 7);
        Assert.Equal(Pixels, (await Load(waits, stream)).Pixels);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task LargeFilesGrowTheBuffer(bool waits)
    {
        RgbImage noise = Pictures.Noise(300, 300);
        using var file = new MemoryStream();
        PpmWriter.Write(noise, file); // over 4 of the first buffers
        using var stream = new Pipe(file.ToArray(), piece: 5000);
        Assert.Equal(noise.Pixels, (await Load(waits, stream)).Pixels);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task TheLimitIsTheLastLengthAllowed(bool waits)
    {
        var exact = new ImageOptions { MaxFileBytes = File.Length };
        using var seekable = new MemoryStream(File);
        using var pipe = new Pipe(File, piece: 100);
        Assert.Equal(Pixels, (await Load(waits, seekable, exact)).Pixels);
        Assert.Equal(Pixels, (await Load(waits, pipe, exact)).Pixels);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task OverTheLimitOneByteIsReadAndNoMore(bool waits)
    {
        var options = new ImageOptions { MaxFileBytes = 100_000 };
        using var endless = new Pipe(null, piece: int.MaxValue);
        const string message =
            "upload has more than 100000 bytes; scale it down, or raise ImageOptions.MaxFileBytes if you trust the file.";
        Assert.Equal(message, (await Fault(waits, endless, options)).Message);
        Assert.Equal(100_001, endless.Given);
        using var seekable = new MemoryStream(new byte[100_001]);
        Assert.Equal(message, (await Fault(waits, seekable, options)).Message);
        Assert.Equal(0, seekable.Position); // what it says of its length is enough
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task AnEmptyStreamIsNamed(bool waits)
    {
        using var empty = new MemoryStream();
        Assert.Equal("upload is empty; copy or download the picture again.", (await Fault(waits, empty)).Message);
        using var past = new MemoryStream(File) { Position = File.Length + 1 };
        Assert.Equal("upload is empty; copy or download the picture again.", (await Fault(waits, past)).Message);
    }

    [Fact]
    public async Task APictureWithoutANameIsThePicture()
    {
        const string message = "The picture is empty; copy or download the picture again.";
        Assert.Equal(message, Assert.Throws<ImageFormatException>(() => ImageFile.Load(Stream.Null)).Message);
        Assert.Equal(message, (await Assert.ThrowsAsync<ImageFormatException>(() => ImageFile.LoadAsync(Stream.Null))).Message);
        Assert.Equal(message, Assert.Throws<ImageFormatException>(() => ImageFile.Decode([])).Message);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task AStreamThatBreaksIsAPictureThatCannotBeRead(bool waits)
    {
        Exception[] faults = [new IOException("The connection was reset."), new InvalidDataException("The archive is damaged.")];
        foreach (Exception fault in faults)
        {
            using var stream = new Pipe(File, piece: 10) { Fault = fault };
            ImageFormatException error = await Fault(waits, stream);
            Assert.Equal($"upload cannot be read to its end: {fault.Message.TrimEnd('.')}; try again.", error.Message);
            Assert.Same(fault, error.InnerException);
        }
    }

    /// <summary>Those are faults of the program, not of the picture.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task OtherExceptionsArePassedOn(bool waits)
    {
        using var stream = new Pipe(File, piece: 10) { Fault = new InvalidOperationException() };
        Assert.Same(stream.Fault, await Assert.ThrowsAsync<InvalidOperationException>(() => Load(waits, stream)));
        var closed = new MemoryStream();
        closed.Dispose();
        Assert.Equal("stream", (await Assert.ThrowsAsync<ArgumentException>(() => Load(waits, closed))).ParamName);
        await Assert.ThrowsAsync<ArgumentNullException>(() => Load(waits, null!));
    }

    [Fact]
    public async Task ReadingCanBeCanceled()
    {
        using var stream = new Pipe(null, piece: 10);
        var canceled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ImageFile.LoadAsync(stream, cancellationToken: canceled));
        Assert.Equal(0, stream.Given);
    }

    private static Task<RgbImage> Load(bool waits, Stream stream, ImageOptions? options = null) =>
        waits ? ImageFile.LoadAsync(stream, "upload", options) : Task.Run(() => ImageFile.Load(stream, "upload", options));

    private static Task<ImageFormatException> Fault(bool waits, Stream stream, ImageOptions? options = null) =>
        Assert.ThrowsAsync<ImageFormatException>(() => Load(waits, stream, options));

    /// <summary>A stream like that of a network: no length, no position, a piece at a time. Null gives endless zeros.</summary>
    private sealed class Pipe(byte[]? bytes, int piece) : Stream
    {
        /// <summary>The exception to throw instead of ending.</summary>
        public Exception? Fault { get; init; }

        /// <summary>The number of bytes read so far.</summary>
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, piece);
            if (bytes is null)
            {
                buffer[..count].Clear();
            }
            else
            {
                count = Math.Min(count, bytes.Length - (int)Given);
                bytes.AsSpan((int)Given, count).CopyTo(buffer);
                if (count == 0 && Fault is not null) throw Fault;
            }
            Given += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ValueTask.FromResult(Read(buffer.Span));
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
