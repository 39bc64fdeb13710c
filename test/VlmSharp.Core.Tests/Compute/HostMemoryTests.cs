using VlmSharp.Compute.Host;

namespace VlmSharp.Core.Tests.Compute;

public sealed unsafe class HostMemoryTests
{
    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(100_001, 64)]
    [InlineData(1 << 22, 1 << 21)]
    [InlineData((1 << 23) + 12_345, 1 << 21)]
    public void Blocks_are_aligned_and_usable_to_the_last_byte(long bytes, long alignment)
    {
        byte* block = (byte*)HostMemory.Allocate(bytes);
        try
        {
            Assert.Equal(0, (nint)block % alignment);
            if (bytes == 0) return;
            block[0] = 1;
            block[bytes - 1] = 2;
            Assert.Equal(bytes == 1 ? 2 : 1, block[0]);
        }
        finally
        {
            HostMemory.Free(block);
        }
    }

    [Fact]
    public void A_negative_length_is_refused_and_null_freed()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => HostMemory.Allocate(-1));
        HostMemory.Free(null);
    }
}
