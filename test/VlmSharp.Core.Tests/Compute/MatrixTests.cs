using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;

namespace VlmSharp.Core.Tests.Compute;

public sealed class MatrixTests
{
    [Fact]
    public void A_disposed_tensor_cannot_be_read_even_if_its_block_is_reused()
    {
        using var backend = new ReferenceBackend();
        Matrix first = backend.Upload([1, 2], 1, 2);
        first.Dispose();
        using Matrix second = backend.Upload([3, 4], 1, 2); // reuses the same block
        Assert.Throws<ObjectDisposedException>(() => backend.Download(first, new float[2]));
        first.Dispose(); // a second Dispose does nothing
        float[] values = new float[2];
        backend.Download(second, values);
        Assert.Equal([3, 4], values);
    }

    [Fact]
    public void Retain_keeps_a_tensor_alive_after_its_owner_disposed_of_it()
    {
        using var backend = new ReferenceBackend();
        Matrix x = backend.Upload([5], 1, 1);
        Matrix kept = x.Retain();
        x.Dispose();
        float[] value = new float[1];
        backend.Download(kept, value);
        Assert.Equal(5, value[0]);
        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => backend.Download(kept, value));
    }

    [Fact]
    public void Blocks_are_reused()
    {
        using var backend = new ReferenceBackend();
        backend.Allocate(100, 100).Dispose();
        long bytes = backend.AllocatedBytes;
        for (int i = 0; i < 100; i++) backend.Allocate(98, 101).Dispose();
        Assert.Equal(bytes, backend.AllocatedBytes);
    }

    [Theory, InlineData(1), InlineData(256), InlineData(257), InlineData(1000), InlineData(1025), InlineData(123_456_789),
        InlineData(10_000_000_000)]
    public void Size_classes_waste_a_fifth_at_most(long bytes)
    {
        long rounded = HostMemoryPool.SizeClass(bytes);
        Assert.True(rounded >= bytes, $"{rounded} < {bytes}");
        Assert.True(rounded <= Math.Max(256, bytes * 5 / 4), $"{rounded} wastes too much over {bytes}");
    }

    [Fact]
    public void Wrong_shapes_are_named()
    {
        using var backend = new ReferenceBackend();
        using Matrix x = backend.Allocate(2, 3), rows = backend.Allocate(1, 4);
        using Indices zero = backend.Upload([0]), seven = backend.Upload([7]);
        string message = Assert.Throws<ArgumentException>(() => backend.ReplaceRows(x, rows, zero)).Message;
        Assert.Contains("[2, 3]", message, StringComparison.Ordinal);
        Assert.Contains("[1, 4]", message, StringComparison.Ordinal);
        Assert.Contains("row 7", Assert.Throws<ArgumentException>(() => backend.SelectRows(x, seven)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(0f, 0x0000), InlineData(1f, 0x3F80), InlineData(-2f, 0xC000), InlineData(1.00390625f, 0x3F80),
        InlineData(1.01171875f, 0x3F82), InlineData(float.PositiveInfinity, 0x7F80), InlineData(3.4e38f, 0x7F80)]
    public void BFloat16_rounds_to_nearest_even(float value, int bits) => Assert.Equal(bits, BFloat16.FromSingle(value));

    [Fact]
    public void BFloat16_keeps_nan() => Assert.True(float.IsNaN(BFloat16.ToSingle(BFloat16.FromSingle(float.NaN))));
}
