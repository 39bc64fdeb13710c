using System.Numerics;
using System.Numerics.Tensors;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Backend.Tests;

/// <summary>
/// The names of <c>VlmSharp.Compute</c> can be used together with System.Numerics without an alias. That this file compiles is most of the
/// test.
/// </summary>
public sealed class NameTests
{
    [Fact]
    public void Names_do_not_clash_with_those_of_numerics()
    {
        using var backend = new ArrayBackend();
        float[] numbers = [3, 4];
        using Matrix x = backend.Upload(numbers, 1, 2);
        using Indices rows = backend.Upload([0]);
        using Matrix y = backend.SelectRows(x, rows);
        using KvCache cache = backend.CreateKvCache(1, 2, 3);
        using Weight weight = new OperatorInputs(backend).Weight(2, 2);
        using Matrix product = backend.Linear(y, weight);
        var batch = new SequenceBatch();
        batch.Add(1, 0, cache);
        backend.Download(y, numbers);
        Assert.Equal(5, TensorPrimitives.Norm<float>(numbers));
        Assert.Equal(5, new Vector2(numbers).Length());
        Assert.Equal(2, product.Columns);
        Assert.True(batch.IsCached);
    }
}
