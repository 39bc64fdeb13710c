using VlmSharp.Compute;

namespace VlmSharp.Backend.Tests;

/// <summary>The numbers of one matrix. There is no pool: the garbage collector frees unused memory.</summary>
internal sealed class ArrayBlock<T> : BackendStorage
{
    public ArrayBlock(T[] numbers)
    {
        Numbers = numbers;
        HandOut();
    }

    public T[] Numbers { get; }

    protected override void ReturnToPool() { }
}

/// <summary>A parameter of any storage format, widened to fp32 when it is loaded.</summary>
internal sealed class ArrayWeight : Weight
{
    private readonly float[] numbers; // [rows, columns]

    public ArrayWeight(in WeightData data) : base(data.Name, data.DType, data.Rows, data.Columns)
    {
        numbers = new float[data.Rows * data.Columns];
        for (int row = 0; row < Rows; row++) data.Widen(row, Row(row));
    }

    public Span<float> Row(int row) => numbers.AsSpan(row * Columns, Columns);
}

/// <summary>Keys and values of one sequence, per layer <c>[capacity, width]</c>.</summary>
internal sealed class ArrayKvCache(int layers, int width, int capacity) : KvCache(layers, width, capacity)
{
    private readonly float[] keys = new float[layers * capacity * width], values = new float[layers * capacity * width];

    public Rows Keys(int layer) => Plane(keys, layer);

    public Rows Values(int layer) => Plane(values, layer);

    protected override void Dispose(bool disposing) { }

    private Rows Plane(float[] all, int layer) => new(all.AsMemory(layer * Capacity * Width, Capacity * Width), Capacity, Width);
}

/// <summary>A matrix as the operators' loops see it.</summary>
internal readonly record struct Rows(Memory<float> Numbers, int Count, int Columns)
{
    public Span<float> this[int row] => Numbers.Span.Slice(row * Columns, Columns);

    public Rows Part(int first, int count) => new(Numbers.Slice(first * Columns, count * Columns), count, Columns);
}

/// <summary>Converts handles to memory. A handle of another backend or a disposed one throws.</summary>
internal static class ArrayViews
{
    public static Rows Rows(this Matrix x) => x.Storage is ArrayBlock<float> block
        ? new Rows(block.Numbers, x.Rows, x.Columns)
        : throw new ArgumentException($"The matrix {x} belongs to another backend.");

    public static int[] Array(this Indices indices) => (indices.Storage as ArrayBlock<int>)?.Numbers
        ?? throw new ArgumentException($"The indices {indices} belong to another backend.");

    public static ArrayWeight Array(this Weight weight) =>
        weight as ArrayWeight ?? throw new ArgumentException($"The weight {weight} belongs to another backend.");

    public static ArrayKvCache Array(this KvCache? cache) =>
        cache as ArrayKvCache ?? throw new ArgumentException("The KV cache belongs to another backend.");
}
