using System.IO.Compression;
using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Core.Tests.Checkpoints;
using VlmSharp.Formats;

namespace VlmSharp.Core.Tests.Formats;

/// <summary>NumPy archives, valid and damaged.</summary>
public sealed class NpzFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData(CompressionLevel.NoCompression), InlineData(CompressionLevel.Optimal)]
    public void Floats_of_every_width_are_read(CompressionLevel level)
    {
        float[] expected = [1.5f, -2, 0.25f, 65504, 0, -0.5f];
        string path = Write(level,
            ("half", MaskGoldens.Npy("<f2", [6], Bytes(expected, v => BitConverter.GetBytes((Half)v)))),
            ("single", MaskGoldens.Npy("<f4", [2, 3], Bytes(expected, BitConverter.GetBytes))),
            ("double", MaskGoldens.Npy("<f8", [1, 6, 1], Bytes(expected, v => BitConverter.GetBytes((double)v)))));
        using NpzFile file = NpzFile.Open(path);
        Assert.Equal(expected, file.ReadFloats("half", [6]));
        Assert.Equal(expected, file.ReadFloats("single", [2, 3]));
        Assert.Equal(expected, file.ReadFloats("double", [1, 6, 1]));
        Assert.True(file.Has("half"));
        Assert.False(file.Has("half.npy"));
    }

    [Theory]
    [InlineData("'<i4'", "'descr': '<i4', 'fortran_order': False, 'shape': (2,), ")]
    [InlineData("column by column", "'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), ")]
    [InlineData("shape [3]", "'descr': '<f4', 'fortran_order': False, 'shape': (3,), ")]
    [InlineData("which is none", "'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), ")]
    [InlineData("without 'descr'", "'fortran_order': False, 'shape': (2,), ")]
    [InlineData("'|O'", "'descr': '|O', 'fortran_order': False, 'shape': (2,), ")]
    public void Arrays_of_other_types_are_refused_by_name(string says, string header)
    {
        byte[] text = Encoding.ASCII.GetBytes($"{{{header}}}\n");
        string path =
            Write(CompressionLevel.NoCompression, ("a", [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. text, .. new byte[8]]));
        using NpzFile file = NpzFile.Open(path);
        string message = Assert.Throws<ModelFormatException>(() => file.ReadFloats("a", [2])).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_that_disagree_with_the_shape_are_refused()
    {
        foreach (int bytes in new[] { 0, 7, 9, 4096 })
        {
            string path = Write(CompressionLevel.Optimal, ("a", MaskGoldens.Npy("<f4", [2], new byte[bytes])));
            using NpzFile file = NpzFile.Open(path);
            Assert.Throws<ModelFormatException>(() => file.ReadFloats("a", [2]));
        }
    }

    [Fact]
    public void An_archive_of_too_many_files_is_refused()
    {
        byte[] many = new byte[46 * (NpzFile.MostEntries + 1)];
        for (int i = 0; i < many.Length; i += 46) "PK\u0001\u0002"u8.CopyTo(many.AsSpan(i));
        Assert.Contains(
            "more than",
            Assert.Throws<ModelFormatException>(() => NpzFile.Open(folder.Write("many.npz", many))).Message,
            StringComparison.Ordinal);
    }

    /// <summary>A damaged archive gives a ModelFormatException or, if the damage is not visible, the array.</summary>

    private string Write(CompressionLevel level, params (string Name, byte[] Bytes)[] arrays)
    {
        string path = folder.At("file.npz");
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach ((string name, byte[] bytes) in arrays)
        {
            using Stream stream = archive.CreateEntry($"{name}.npy", level).Open();
            stream.Write(bytes);
        }

        return path;
    }

    private static byte[] Bytes(float[] values, Func<float, byte[]> one) => [.. values.SelectMany(one)];
}
