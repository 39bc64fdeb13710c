using System.Buffers.Binary;
using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Formats;

namespace VlmSharp.Core.Tests.Formats;

public class SafetensorsFileTests
{
    private static byte[] Compose(string header, int dataBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    private static ModelFormatException Refused(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.safetensors", bytes);
        var error = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path).Dispose());
        Assert.Contains("a.safetensors", error.Message);
        return error;
    }

    [Fact]
    public void GoldenActivationsLoadWithTheirIntegers()
    {
        string path =
            Directory.EnumerateFiles(GoldenFiles.PathOf("activations"), "pg1-*.safetensors").Order(StringComparer.Ordinal).First();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        SafetensorsEntry ids = file.Entries["input_ids"];
        Assert.Equal(SafetensorsType.I64, ids.Type);
        Assert.Equal(ids.Elements, file.ReadIntegers("input_ids").Length);
        Assert.Equal(5152, file.ReadIntegers("input_ids")[0]);
        Assert.All(file.ReadFloats("pixel_values"), value => Assert.InRange(value, -1, 1));
    }

    [Fact]
    public void EveryTypeNameIsReadBackFromTheHeader()
    {
        foreach (SafetensorsType type in Enum.GetValues<SafetensorsType>())
        {
            using var folder = new TemporaryFolder();
            string header = $$"""{"x":{"dtype":"{{type.HeaderName()}}","shape":[3],"data_offsets":[0,{{3 * type.Size()}}] } }   """;
            using SafetensorsFile file = SafetensorsFile.Open(folder.Write("a", Compose(header, 3 * type.Size())));
            Assert.Equal(type, file.Entries["x"].Type);
            Assert.Equal(3 * type.Size(), file.Bytes(file.Entries["x"]).Length);
        }
    }

    [Fact]
    public void ScalarsEmptyTensorsAndMetadataAreAllowed()
    {
        using var folder = new TemporaryFolder();
        const string Header = """
            {"__metadata__":{"format":"pt"},"none":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]},
             "one":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}
            """;
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("a", Compose(Header, 4)));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(1, file.Entries["one"].Elements);
        Assert.Equal(0, file.Entries["none"].Elements);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "does not fill")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "describes 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "describes 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gap before 'x'")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""",
        6,
        "overlap at 'y'")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "'x' twice")]
    [InlineData("""{"x":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}""", 4, "'Q4'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "before they begin")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "does not fill")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""", 4, "lacks its dtype")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "is not a text")]
    [InlineData("""{"\ud800":{}}""", 0, "valid Unicode")]
    [InlineData("""{"x":""", 0, "not well-formed")]
    [InlineData("""{} {}""", 0, "not well-formed")]
    [InlineData("""[]""", 0, "start with '{'")]
    public void DamagedHeadersAreRefusedWithTheReason(string header, int dataBytes, string reason) =>
        Assert.Contains(reason, Refused(Compose(header, dataBytes)).Message);

    [Fact]
    public void ImpossibleHeaderLengthsAreRefused()
    {
        byte[] file = Compose("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file, ulong.MaxValue);
        Assert.Contains("past the limit", Refused(file).Message);
        BinaryPrimitives.WriteUInt64LittleEndian(file, 3);
        Assert.Contains("has 2 after the length", Refused(file).Message);
        Assert.Contains("too few", Refused(new byte[7]).Message);
        Assert.Contains("empty", Refused([]).Message);
    }

    [Fact]
    public void NestedAndLongHostileHeadersAreRefused()
    {
        Refused(Compose("{\"x\":" + new string('[', 1_000_000), 0));
        Refused(Compose("{\"" + new string('a', 1_000_000) + "\":1}", 0));
    }

    [Fact]
    public unsafe void TensorsBeyondTwoGibibytesAndTwoToThe31ElementsAreReadAtTheirEnd()
    {
        using var folder = new TemporaryFolder();
        const long Elements = (1L << 31) + 5;
        string header = $$"""{"big":{"dtype":"BF16","shape":[{{Elements}}],"data_offsets":[0,"""
            + $$"""{{2 * Elements}}] },"last":{"dtype":"F32","shape":[1],"data_offsets":[{{2 * Elements}},{{(2 * Elements) + 4}}] } }""";
        string path = folder.At("big.safetensors");
        byte[] start = Compose(header, 0);
        using (var stream = new FileStream(path, FileMode.CreateNew))
        {
            // The file is sparse: only the header and the last bytes take space on the disk.
            stream.Write(start);
            stream.SetLength(start.Length + (2 * Elements) + 4);
            stream.Seek(-6, SeekOrigin.End);
            stream.Write([0x80, 0x3f, 0, 0, 0, 0x40]);
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);
        SafetensorsEntry big = file.Entries["big"];
        Assert.Equal(Elements, big.Elements);
        Assert.Equal(0x3f80, ((ushort*)file.DataPointer(big))[Elements - 1]);
        Assert.Equal([2f], file.ReadFloats("last"));
        Assert.Throws<ArgumentException>(() => file.Bytes(big).Length);
    }

    [Fact]
    public void ClosedFilesAndForeignEntriesAreRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = Compose("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4);
        using SafetensorsFile one = SafetensorsFile.Open(folder.Write("one", bytes));
        SafetensorsFile two = SafetensorsFile.Open(folder.Write("two", bytes));
        SafetensorsEntry foreign = two.Entries["x"];
        Assert.Throws<ArgumentException>(() => one.DataPointer(foreign));
        two.Dispose();
        two.Dispose();
        Assert.Throws<ObjectDisposedException>(() => two.DataPointer(foreign));
        Assert.Throws<ObjectDisposedException>(() => two.ReadFloats("x"));
    }

    [Fact]
    public void WhatIsMissingIsNamed()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(folder.At("absent")));
        Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(folder.Path));
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("a", Compose("{}", 0)));
        Assert.Contains("no tensor 'x'", Assert.Throws<ModelFormatException>(() => file.ReadFloats("x")).Message);
    }
}
