using System.Runtime.InteropServices;
using VlmSharp.Adapters;
using VlmSharp.Compute;
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
        full.IsFull = true;
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

    private static SequenceBatch Batch(Adapter adapter, int rows)
    {
        var batch = new SequenceBatch();
        batch.Add(rows, 0, adapter);
        batch.Add(1, 0);
        return batch;
    }

    private sealed class FullBackend(IComputeBackend inner) : DelegatingBackend(inner)
    {
        public bool IsFull { get; set; }

        public override Indices Upload(ReadOnlySpan<int> values) =>
            IsFull ? throw new DeviceMemoryException("full") : base.Upload(values);
    }
}
