using System.Runtime.InteropServices;
using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;

namespace VlmSharp.Core.Tests.Adapters;

public sealed class LowRankBackendTests
{
    [Fact]
    public void A_step_whose_row_numbers_cannot_be_uploaded_leaves_the_adapters_of_the_last_step_usable()
    {
        using var reference = new ReferenceBackend();
        using var full = new FullBackend(reference);
        using var backend = new LowRankBackend(full);
        var module = new AdaptedModule("layer", 4, 4, Rank: 2, Alpha: 2, Scale: 1);
        using var adapter = new Adapter("a", new AdapterConfig(), [module], _ => (Weight(2, 4), Weight(4, 2)));
        backend.Add(adapter);
        using Weight weight = Weight(4, 4, module.WeightName);
        SequenceBatch two = Batch(adapter, 2), three = Batch(adapter, 3);
        backend.Prepare(two);
        full.Room = 0;
        Assert.Throws<DeviceMemoryException>(() => backend.Prepare(three));
        backend.Prepare(two); // needs no new row numbers
        using Matrix x = reference.Upload(new float[12], 3, 4);
        using Matrix y = backend.Linear(x, weight);
        Assert.Equal(3, y.Rows);

        Weight Weight(int rows, int columns, string name = "w")
        {
            float[] numbers = GC.AllocateArray<float>(rows * columns, pinned: true);
            nint data = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0);
            return reference.LoadWeight(new WeightData(name, DType.F32, rows, columns, data, numbers));
        }
    }

    [Fact]
    public void Row_numbers_of_one_adapter_are_freed_if_those_of_the_next_cannot_be_uploaded()
    {
        using var reference = new ReferenceBackend();
        using var full = new FullBackend(reference) { Room = 1 };
        using var first = new Adapter("a", new AdapterConfig(), [], _ => throw new NotSupportedException());
        using var second = new Adapter("b", new AdapterConfig(), [], _ => throw new NotSupportedException());
        var batch = new SequenceBatch();
        batch.Add(2, 0, first);
        batch.Add(3, 0, second);
        Assert.Throws<DeviceMemoryException>(() => AdapterRows.Of(batch, full));
        Assert.Throws<ObjectDisposedException>(() => Assert.Single(full.Uploaded).OnHost());
    }

    private static SequenceBatch Batch(Adapter adapter, int rows)
    {
        var batch = new SequenceBatch();
        batch.Add(rows, 0, adapter);
        batch.Add(1, 0);
        return batch;
    }

    private sealed class FullBackend(IComputeBackend inner) : DelegatingBackend(inner)
    {
        /// <summary>The number of uploads that it has room for.</summary>
        public int Room { get; set; } = int.MaxValue;

        public List<Indices> Uploaded { get; } = [];

        public override Indices Upload(ReadOnlySpan<int> values)
        {
            if (Room-- <= 0) throw new DeviceMemoryException("full");
            Uploaded.Add(base.Upload(values));
            return Uploaded[^1];
        }
    }
}
