using VlmSharp.Bench.Operators;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Gpu;

namespace VlmSharp.Bench.Gpu;

/// <summary>Compares every operator at a dozen sizes with the reference, with bounds for bf16 if there are tensor cores.</summary>
internal static class CheckStep
{
    // Row counts around every tile, heads like SigLIP's, Gemma's and neither, and depths of one step and of many.
    private static readonly OperatorSizes[] All =
    [
        new(1, 260, 2048, 512, 8, 1, 256, 1000),
        new(1, 37, 96, 224, 4, 2, 16, 333),
        new(3, 5, 128, 64, 4, 4, 72, 517),
        new(5, 64, 256, 320, 8, 4, 256, 700),
        new(16, 65, 320, 96, 8, 1, 256, 257), new(17, 129, 64, 160, 2, 1, 128, 130), new(64, 30, 192, 128, 8, 1, 256, 301),
        new(2, 0, 64, 96, 4, 2, 16, 50),
        new(33, 0, 160, 256, 4, 1, 72, 99),
        new(70, 0, 1152, 320, 16, 16, 72, 64),
        new(130, 0, 256, 192, 8, 1, 256, 70),
        new(260, 0, 512, 352, 8, 2, 128, 40),
    ];

    public static void Run(GpuOptions options, GpuPart part)
    {
        using var reference = new ReferenceBackend();
        GpuBackend backend = options.Start();
        try
        {
            part.Set("backend", $"{backend.Name}: {backend.Description}");
            foreach (OperatorCase check in (options.IsDry ? All.Where((_, i) => i % 6 == 1) : All).SelectMany(OperatorCases.Of))
            {
                if (part.Try($"{check}", () => Compare(check, reference, backend, part))) continue;
                // A faulty kernel may have broken the device's context, so the next ones get a new one.
                part.Try("the backend ends after a failure", backend.Dispose);
                backend = options.Start();
            }
        }
        finally
        {
            backend.Dispose();
        }
    }

    private static void Compare(OperatorCase check, ReferenceBackend reference, GpuBackend backend, GpuPart part)
    {
        float[] expected = Result(check, reference), actual = Result(check, backend);
        if (expected.Length == 0 && actual.Length == 0) return; // an operator without a result: attention reads its effect
        double bound = backend.HasTensorCores ? check.NarrowBound : OperatorCase.WideBound, error = 0;
        int wrong = 0;
        if (expected.Length != actual.Length) wrong = expected.Length;
        else if (check.IsChoice)
        {
            for (int i = 0; i < expected.Length; i += 2)
                if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])) wrong++;
            for (int i = 1; i < expected.Length; i += 2) error = Math.Max(error, Difference(expected[i], actual[i]));
        }
        else
        {
            double square = expected.Sum(x => (double)x * x), scale = Math.Max(Math.Sqrt(square / Math.Max(1, expected.Length)), 1e-6);
            for (int i = 0; i < expected.Length; i++) error = Math.Max(error, Difference(expected[i], actual[i]) / scale);
        }

        part.Add("checks",
            ("operator", check.Name), ("sizes", $"{check.Sizes}"), ("error", GpuPart.Number(error, 3)), ("bound", bound),
            ("wrong_tokens", wrong),
            ("ok", error <= bound && wrong == 0));
    }

    private static float[] Result(OperatorCase check, IComputeBackend on)
    {
        using var inputs = new OperatorInputs(on, rotatedBytes: 0);
        Func<Matrix> run = check.Prepare(inputs);
        return inputs.Fetch(run());
    }

    // A NaN counts as an infinite error.
    private static double Difference(float expected, float actual) =>
        expected.Equals(actual) ? 0 : float.IsNaN(actual) ? double.PositiveInfinity : Math.Abs((double)expected - actual);
}
