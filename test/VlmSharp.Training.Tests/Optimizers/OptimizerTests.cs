using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Optimizers;

/// <summary>Optimizer steps on parameters: the reference's vectors, weight decay and saved states.</summary>
public sealed class OptimizerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ReferenceBackend reference = new();
    private readonly CpuBackend cpu = new(new CpuBackendOptions { Threads = 2 });
    private readonly List<IDisposable> owned = [];

    private IComputeBackend BackendOf(bool fast) => fast ? cpu : reference;

    private Parameter Parameter(IComputeBackend b, string name, int rows, int columns, float[] values, DType dtype = DType.F32)
    {
        var parameter = VlmSharp.Training.Optimizers.Parameter.Create(b, name, rows, columns, values, dtype);
        owned.Add(parameter);
        return parameter;
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
    }

    private static float[] Read(Parameter parameter)
    {
        float[] values = new float[parameter.Length];
        parameter.Read(values);
        return values;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AdamW_takes_the_steps_of_PyTorch(bool fast)
    {
        JsonElement golden = TrainingGoldens.Section("adamw_pytorch");
        IComputeBackend b = BackendOf(fast);
        Parameter p = Parameter(b, "p", 1, 3, golden.GetProperty("p0").Floats());
        using var optimizer =
            new AdamWOptimizer(b, [p], new OptimizerSettings { WeightDecay = golden.GetProperty("weight_decay").GetDouble() });
        foreach ((JsonElement gradient, JsonElement after) in golden
            .GetProperty("grads")
            .EnumerateArray()
            .Zip(golden.GetProperty("after_each_step").EnumerateArray()))
        {
            p.SetGradient(b.Upload(gradient.Floats(), 1, 3));
            optimizer.Step(golden.GetProperty("lr").GetDouble());
            TensorAssert.Close(after.Floats(), Read(p), 5e-7, "parameter");
        }

        optimizer.Save(folder.At("state.safetensors"));
        using var file = Formats.SafetensorsFile.Open(folder.At("state.safetensors"));
        TensorAssert.Close(golden.GetProperty("exp_avg").Floats(), file.ReadFloats("p.exp_avg"), 1e-8, "first moment");
        TensorAssert.Close(golden.GetProperty("exp_avg_sq").Floats(), file.ReadFloats("p.exp_avg_sq"), 1e-10, "second moment");
    }

    /// <summary>Clipping, Adam, and then a decay that is multiplied by the schedule but not by the learning rate.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AdamW_takes_the_steps_of_big_vision(bool fast)
    {
        JsonElement golden = TrainingGoldens.Section("adam_big_vision");
        IComputeBackend b = BackendOf(fast);
        Parameter p = Parameter(b, "p", 1, 3, golden.GetProperty("p0").Floats());
        using var optimizer = new AdamWOptimizer(
            b, [p], new OptimizerSettings { WeightDecay = golden.GetProperty("wd").GetDouble(), DecayForm = DecayForm.Schedule });
        double[] schedule = [.. golden.GetProperty("schedule").EnumerateArray().Select(v => v.GetDouble())];
        float[][] gradients = [.. golden.GetProperty("grads").EnumerateArray().Select(g => g.Floats())],
            after = [.. golden.GetProperty("after_each_step").EnumerateArray().Select(g => g.Floats())];
        for (int i = 0; i < gradients.Length; i++)
        {
            p.SetGradient(b.Upload(gradients[i], 1, 3));
            double clip = GradientNorm.ClipCoefficient(GradientNorm.Of(b, [p]), golden.GetProperty("clip_global_norm").GetDouble());
            optimizer.Step(schedule[i] * golden.GetProperty("lr").GetDouble(), schedule[i], clip);
            TensorAssert.Close(after[i], Read(p), 2e-6, $"step {i}");
        }
    }

    [Fact]
    public void The_norm_covers_all_gradients_and_missing_ones_count_as_zero()
    {
        Parameter a = Parameter(reference, "a", 1, 2, [0, 0]),
            b = Parameter(reference, "b", 2, 1, [0, 0]),
            c = Parameter(reference, "c", 1, 1, [0]);
        Assert.Equal(0, GradientNorm.Of(reference, [a, b, c]));
        a.SetGradient(reference.Upload([1, 2], 1, 2));
        b.SetGradient(reference.Upload([2, 4], 2, 1));
        Assert.Equal(5, GradientNorm.Of(reference, [a, b, c]), 1e-6);
        Assert.Equal(1, GradientNorm.ClipCoefficient(5, null));
        Assert.Equal(1, GradientNorm.ClipCoefficient(0.5, 1));
        Assert.Equal(2 / 5.000001, GradientNorm.ClipCoefficient(5, 2), 1e-12);
    }

    [Fact]
    public void A_new_gradient_replaces_the_old_one_which_returns_to_the_pool()
    {
        Parameter p = Parameter(reference, "p", 1, 2, [0, 0]);
        Matrix first = reference.Upload([1, 2], 1, 2);
        p.SetGradient(first);
        p.SetGradient(reference.Upload([4, 6], 1, 2));
        Assert.Throws<ObjectDisposedException>(() => first.Storage);
        Assert.Equal(Math.Sqrt(52), GradientNorm.Of(reference, [p]), 1e-6);
        p.ClearGradient();
        Assert.False(p.Gradient.HasValue);
    }

    [Fact]
    public void Kernels_only_leaves_vectors_unchanged()
    {
        Parameter kernel = Parameter(reference, "kernel", 2, 1, [1, 1]), gain = Parameter(reference, "gain", 1, 2, [1, 1]);
        using var optimizer =
            new AdamWOptimizer(reference, [kernel, gain], new OptimizerSettings { WeightDecay = 0.5, DecayScope = DecayScope.Kernels });
        kernel.SetGradient(reference.Upload([0, 0], 2, 1));
        gain.SetGradient(reference.Upload([0, 0], 1, 2));
        optimizer.Step(0.5);
        Assert.Equal([0.75f, 0.75f], Read(kernel));
        Assert.Equal([1, 1], Read(gain));
    }

    [Fact]
    public void A_parameter_without_a_gradient_is_unchanged_and_has_no_state()
    {
        Parameter p = Parameter(reference, "p", 1, 2, [1, 2]);
        using var optimizer = new AdamWOptimizer(reference, [p], new OptimizerSettings { WeightDecay = 0.5 });
        optimizer.Step(0.1);
        Assert.Equal([1, 2], Read(p));
        optimizer.Save(folder.At("state.safetensors"));
        using var file = Formats.SafetensorsFile.Open(folder.At("state.safetensors"));
        Assert.Empty(file.Entries);
    }

    /// <summary>
    /// A step of 1e-4 is below half a unit (2^-8) of a bf16 parameter of 1, which would never move without a master copy.
    /// </summary>
    [Fact]
    public void A_parameter_in_bf16_moves_by_its_master_copy()
    {
        Parameter p = Parameter(cpu, "p", 1, 1, [1], DType.BF16);
        using var optimizer = new SgdOptimizer(cpu, [p], new OptimizerSettings());
        for (int i = 0; i < 100; i++)
        {
            p.SetGradient(cpu.Upload([1e-4f], 1, 1));
            optimizer.Step(1);
        }

        Assert.Equal(0.99f, Read(p)[0], 1e-5f);
        using Indices row = cpu.Upload([0]);
        using Matrix stored = Compute.Operators.OperatorCalls.Embed(cpu, p.Weight, row, 1);
        float[] bits = new float[1];
        cpu.Download(stored, bits);
        Assert.Equal(0.98828125f, bits[0]); // the bf16 number nearest to 0.99
    }

    /// <summary>
    /// The errors of the moments stay small: after 50 steps the parameters agree with fp32 moments to a few steps of 1 %.
    /// </summary>
    [Fact]
    public void Eight_bit_moments_agree_with_fp32_moments()
    {
        const int Rows = 64, Columns = 96;
        float[] start = Numbers(Rows * Columns, 1), goal = Numbers(Rows * Columns, 2);
        Parameter full = Parameter(cpu, "full", Rows, Columns, start), small = Parameter(cpu, "small", Rows, Columns, start);
        using var reference = new AdamWOptimizer(cpu, [full], new OptimizerSettings());
        using var optimizer = new AdamW8BitOptimizer(cpu, [small], new OptimizerSettings());
        for (int step = 0; step < 50; step++)
        {
            foreach (Parameter p in new[] { full, small })
                p.SetGradient(cpu.Upload([.. Read(p).Zip(goal, (w, g) => w - g)], Rows, Columns));
            reference.Step(0.02);
            optimizer.Step(0.02);
        }

        double distance = Read(full).Zip(Read(small), (a, b) => Math.Abs((double)a - b)).Average(),
            moved = Read(full).Zip(start, (a, b) => Math.Abs((double)a - b)).Average();
        Assert.True(moved > 0.2, $"The parameter should have moved, by {moved}.");
        Assert.True(distance < 0.03 * moved, $"8 bits lead {distance} away after a way of {moved}.");
    }

    public static TheoryData<string, DType> Kinds() => new()
    {
        { "adamw", DType.F32 }, { "adamw", DType.BF16 }, { "adamw8bit", DType.F32 }, { "adamw8bit", DType.BF16 }, { "sgd", DType.F32 },
    };

    /// <summary>An optimizer that is restored with its parameters from files takes the same steps to the last bit.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void Files_hold_the_complete_state(string kind, DType dtype)
    {
        const int Rows = 67, Columns = 65; // more than 4,096 elements, and not a multiple of 4
        Parameter[] first = Pair(1), second = Pair(2);
        using Optimizer a = Create(kind, first), b = Create(kind, second);
        for (int i = 0; i < 3; i++) Step(a, i);
        a.Save(folder.At("optimizer.safetensors"));
        ParameterFile.Save(folder.At("parameters.safetensors"), first);
        b.Load(folder.At("optimizer.safetensors"));
        ParameterFile.Load(folder.At("parameters.safetensors"), second);
        Assert.Equal(3, b.Time);
        for (int i = 3; i < 5; i++)
        {
            Step(a, i);
            Step(b, i);
        }

        for (int i = 0; i < 2; i++) Assert.Equal(Read(first[i]), Read(second[i]));

        Parameter[] Pair(int seed) => [
            Parameter(cpu, "matrix", Rows, Columns, Numbers(Rows * Columns, seed), dtype),
            Parameter(cpu, "vector", 1, 5, Numbers(5, seed), dtype)
        ];

        void Step(Optimizer optimizer, int seed)
        {
            foreach (Parameter p in optimizer.Parameters)
                p.SetGradient(cpu.Upload(Numbers((int)p.Length, 100 + seed), p.Weight.Rows, p.Weight.Columns));
            optimizer.Step(0.01);
        }
    }

    private Optimizer Create(string kind, IReadOnlyList<Parameter> parameters) => kind switch
    {
        "adamw" => new AdamWOptimizer(cpu, parameters, new OptimizerSettings { WeightDecay = 0.1 }),
        "adamw8bit" => new AdamW8BitOptimizer(cpu, parameters, new OptimizerSettings { WeightDecay = 0.1 }),
        _ => new SgdOptimizer(cpu, parameters, new OptimizerSettings { Momentum = 0.9 }),
    };

    [Fact]
    public void A_state_of_something_else_is_refused()
    {
        Parameter p = Parameter(cpu, "p", 1, 2, [1, 2]), q = Parameter(cpu, "q", 1, 2, [1, 2]), wide = Parameter(cpu, "p", 1, 3, [1, 2, 3]);
        using Optimizer adam = Create("adamw", [p]);
        p.SetGradient(cpu.Upload([1, 1], 1, 2));
        adam.Step(0.1);
        string state = folder.At("state.safetensors"), numbers = folder.At("numbers.safetensors");
        adam.Save(state);
        ParameterFile.Save(numbers, [p]);
        using Optimizer sgd = Create("sgd", [p]), other = Create("adamw", [q]), wider = Create("adamw", [wide]);
        foreach ((Action load, string says) in new (Action, string)[]
        {
            (() => sgd.Load(state), "'adamw'"), (() => other.Load(state), "not trained here"), (() => wider.Load(state), "[1, 3]"),
            (() => ParameterFile.Load(numbers, [q]), "'q'"),
            (() => ParameterFile.Load(numbers, [wide]), "[1, 3]"),
            (() => ParameterFile.Load(numbers, []), "0 are trained"),
        })
            Assert.Contains(says, Assert.Throws<ModelFormatException>(load).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (IDisposable parameter in owned) parameter.Dispose();
        cpu.Dispose();
        reference.Dispose();
        folder.Dispose();
    }
}
