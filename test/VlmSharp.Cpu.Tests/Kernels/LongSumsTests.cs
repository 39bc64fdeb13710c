using System.Reflection;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using Xunit.Sdk;

namespace VlmSharp.Cpu.Tests.Kernels;

/// <summary>
/// Products whose packed activations do not stay in a second-level cache: with 512 bits they have blocks of twice the outputs. Each row is
/// compared with the same row alone, which another kernel computes.
/// </summary>
public sealed unsafe class LongSumsTests
{
    // With four threads or fewer, items reach the largest number of outputs, and the last one is not whole.
    private const int Rows = 132, Inputs = 24576, Outputs = 3100;

    private static readonly object Owner = new();

    [Theory]
    [NeedsTier(DType.BF16, SimdTier.Vector512)]
    [NeedsTier(DType.Int8, SimdTier.Vector512)]
    [NeedsTier(DType.Int4, SimdTier.Vector512)]
    [NeedsTier(DType.BF16, SimdTier.Vector256)]
    public void Rows_are_those_that_a_row_alone_gives(DType format, SimdTier tier)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Simd = tier, Threads = 2 });
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)format.ByteLength(Outputs, Inputs), 64);
        try
        {
            using Weight weight = backend.LoadWeight(Fill(format, memory));
            var random = new Random(1);
            float[] x = [.. Enumerable.Range(0, Rows * Inputs).Select(_ => random.NextSingle() - 0.5f)]; // [Rows, Inputs]
            float[] all = Linear(backend, x, weight);                                                    // [Rows, Outputs]
            foreach (int row in new[] { 0, 31, 32, 63, 64, 127, 128, 131 })
            {
                float[] alone = Linear(backend, x[(row * Inputs)..((row + 1) * Inputs)], weight); // [1, Outputs]
                for (int n = 0; n < Outputs; n++)
                    Assert.Equal(alone[n], all[row * Outputs + n], 2e-3f); // sums of 24576 products, of about 0.7 each
            }
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    // Elements of -8 to 8, or integers with scales of that kind divided by 128.
    private static WeightData Fill(DType format, byte* memory)
    {
        long elements = Outputs * format.RowBytes(Inputs), bytes = format.ByteLength(Outputs, Inputs);
        var random = new Random(2);
        if (format != DType.BF16) random.NextBytes(new Span<byte>(memory, (int)elements));
        var numbers = (ushort*)(format == DType.BF16 ? memory : memory + elements);
        long count = (format == DType.BF16 ? bytes : bytes - elements) / sizeof(ushort);
        for (long i = 0; i < count; i++) numbers[i] = BFloat16.FromSingle((random.NextSingle() - 0.5f) / (format == DType.Int8 ? 64 : 1));
        return new WeightData("long", format, Outputs, Inputs, (nint)memory, Owner, (nint)(memory + elements));
    }

    private static float[] Linear(CpuBackend backend, float[] x, Weight weight)
    {
        using Matrix input = backend.Upload(x, x.Length / Inputs, Inputs), y = backend.Linear(input, weight);
        float[] values = new float[y.Length];
        backend.Download(y, values);
        return values;
    }
}

/// <summary>A format, and registers that a test needs. The case is skipped, with a reason, on a processor without them.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class NeedsTierAttribute : DataAttribute
{
    /// <summary>Sets the reason if the processor does not have the registers.</summary>
    public NeedsTierAttribute(DType format, SimdTier tier)
    {
        (Format, Tier) = (format, tier);
        if (!SimdTiers.IsSupported(tier)) Skip = $"This processor does not have {tier}; emulated, the test would take minutes.";
    }

    /// <summary>The weights' format.</summary>
    public DType Format { get; }

    /// <summary>The width of the vector registers that the test computes with.</summary>
    public SimdTier Tier { get; }

    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Format, Tier]];
}
