using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Checkpoints;

public sealed class CheckpointFingerprintTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(DType.Int8, TensorNames.ScaleSuffix)]
    [InlineData(DType.Int4, TensorNames.ScaleSuffix)]
    [InlineData(DType.Nf4, BitsAndBytes.Scales)]
    [InlineData(DType.Nf4, BitsAndBytes.NestedScales)]
    public void Models_that_differ_only_in_a_scale_have_different_fingerprints(DType format, string suffix)
    {
        ModelQuantizer.Write(GoldenFiles.PathOf("models", "pg1"), folder.Path, format);
        string before = Fingerprint();
        Assert.Equal(before, Fingerprint());
        string path = Path.Combine(folder.Path, SafetensorsNames.Whole);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[OffsetOf(path, suffix)] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.NotEqual(before, Fingerprint());
    }

    private static int OffsetOf(string path, string suffix)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        SafetensorsEntry entry = file.Entries.Values.First(e => e.Name.EndsWith(suffix, StringComparison.Ordinal));
        byte[] data = file.Bytes(entry).ToArray();
        return File.ReadAllBytes(path).AsSpan().IndexOf(data);
    }

    private string Fingerprint()
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        return CheckpointFingerprint.Of(checkpoint);
    }
}
