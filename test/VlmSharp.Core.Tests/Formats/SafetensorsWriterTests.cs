using System.Buffers.Binary;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;

namespace VlmSharp.Core.Tests.Formats;

public class SafetensorsWriterTests
{
    private static readonly float[] Numbers = [0, 1, -2.5f, 0.15625f, 1024, -0f];

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    public void FloatsComeBack(DType type)
    {
        using var folder = new TemporaryFolder();
        string path = folder.At("a.safetensors");
        float[] many = [.. Enumerable.Range(0, 70_000).Select(i => (float)(i % 128))];
        SafetensorsWriter.Write(path, [
            TensorToWrite.FromFloats("few", type, [2, 3], Numbers),
            TensorToWrite.FromFloats("many", type, [70_000], many),
            TensorToWrite.FromIntegers("ids", [2], new long[] { -1, long.MaxValue }),
        ], new Dictionary<string, string> { ["made by"] = "a \"test\" é" });

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(Numbers, file.ReadFloats("few"));
        Assert.Equal(many, file.ReadFloats("many"));
        Assert.Equal([-1, long.MaxValue], file.ReadIntegers("ids"));
        Assert.Equal([2L, 3L], file.Entries["few"].Shape.AsEnumerable());
        Assert.Equal("a \"test\" é", file.Metadata["made by"]);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(path)) % 8);
        Assert.All(file.Entries.Values, entry => Assert.Equal(0, entry.Offset % entry.Type.Size()));
    }

    [Fact]
    public async Task A_pipe_receives_the_bytes_of_a_file()
    {
        if (OperatingSystem.IsWindows()) return; // it has no pipes in folders
        using var folder = new TemporaryFolder();
        string path = folder.At("a.safetensors"), pipe = folder.At("pipe");
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("few", DType.F32, [2, 3], Numbers)]);
        Assert.Equal(0, (await Tool.RunAsync("mkfifo", [pipe])).Code);
        Task<byte[]> read = Task.Run(() => File.ReadAllBytes(pipe)); // opening it waits for the writer
        SafetensorsWriter.Write(pipe, [TensorToWrite.FromFloats("few", DType.F32, [2, 3], Numbers)]);
        Assert.Equal(File.ReadAllBytes(path), await read);
    }

    [Fact]
    public void AFailureLeavesTheFileThatWasThere()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.safetensors", "before"u8);
        var tooShort = new TensorToWrite("x", SafetensorsType.F32, [2], stream => stream.Write([1, 2, 3, 4]));
        Assert.Contains("wrote 4", Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [tooShort])).Message);
        var failing = new TensorToWrite("x", SafetensorsType.F32, [2], _ => throw new IOException("disk full"));
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(path, [failing]));
        Assert.Equal("before", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AFileKeepsThePermissionsOfTheOneThatItReplaces()
    {
        if (OperatingSystem.IsWindows()) return; // it has none of these
        using var folder = new TemporaryFolder();
        string path = folder.Write("x", "before"u8);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        SafetensorsWriter.Write(path, [TensorToWrite.FromIntegers("x", [1], new long[1])]);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Single(file.Entries);
    }

    [Fact]
    public void NamesAndShapesAreChecked()
    {
        using var folder = new TemporaryFolder();
        TensorToWrite tensor = TensorToWrite.FromIntegers("x", [1], new long[1]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.At("a"), [tensor, tensor]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.FromIntegers("__metadata__", [1], new long[1]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.FromIntegers("x", [long.MaxValue, 2], new long[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorToWrite.FromIntegers("x", [-1], new long[1]));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(200_000, 4)]
    public void AModelIsWrittenInShardsAndOpensAgain(long maxShardBytes, int shards)
    {
        using Checkpoint source = Checkpoint.Open(GoldenFiles.PathOf("models", "pg2"));
        using var folder = new TemporaryFolder();
        folder.CopyFrom(source.Directory, "model.safetensors");
        SafetensorsWriter.WriteModel(folder.Path, source.Tensors.Values.Select(tensor =>
            TensorToWrite.FromPointer(tensor.Name, tensor.DType.AsSafetensorsType(), tensor.Shape, tensor.Pointer, source)), maxShardBytes);

        Assert.Equal(shards, Directory.GetFiles(folder.Path, "*.safetensors").Length);
        Assert.Equal(shards > 1, File.Exists(folder.At("model.safetensors.index.json")));
        using Checkpoint copy = Checkpoint.Open(folder.Path);
        foreach (CheckpointTensor tensor in source.Tensors.Values)
        {
            CheckpointTensor written = copy.Tensors[tensor.Name];
            Assert.True(tensor.File.Bytes(tensor.File.Entries[tensor.StoredName])
                .SequenceEqual(written.File.Bytes(written.File.Entries[written.StoredName])), tensor.Name);
        }
        // A file of the other layout would hide this one or be hidden by it.
        Assert.Throws<IOException>(() => SafetensorsWriter.WriteModel(folder.Path, [
            TensorToWrite.FromIntegers("x", [1], new long[1]), TensorToWrite.FromIntegers("y", [1], new long[1])], shards > 1 ? 100 : 1));
    }

    /// <summary>A tensor of over 2 GiB, like the embedding of the 3B model: a span of bytes cannot hold it.</summary>
    [Fact]
    public unsafe void MoreThanTwoGibibytesOfNumbersAreWritten()
    {
        const int Count = (1 << 29) + 5;
        // never written to, so the system keeps only one page of it
        var memory = (float*)System.Runtime.InteropServices.NativeMemory.Alloc(Count, sizeof(float));
        try
        {
            using var counted = new CountingStream();
            TensorToWrite.WriteFloats(counted, DType.F32, new ReadOnlySpan<float>(memory, Count));
            Assert.Equal(4L * Count, counted.Length);
        }
        finally
        {
            System.Runtime.InteropServices.NativeMemory.Free(memory);
        }
    }

    private sealed class CountingStream : Stream
    {
        private long length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => length;

        public override long Position { get => length; set => throw new NotSupportedException(); }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => length += count;

        public override void Write(ReadOnlySpan<byte> buffer) => length += buffer.Length;
    }
}
